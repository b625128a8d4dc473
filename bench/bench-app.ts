import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from './processes';
import { DONE, ME, type AppReady } from './apps/serve';
import type { SignedBy } from './tokens';
import type { BenchEnvironment } from './bench-environment';

export type Platform = 'express' | 'fastify';

/** Which application, and how it is set up. */
export interface AppSetup {
  /** Below `apps`. */
  readonly module: string;
  readonly platform: Platform;
  readonly signedBy?: SignedBy;
  readonly env?: NodeJS.ProcessEnv;
  /** What the token of its user holds beside what every token does. */
  readonly claims?: object;
  /** Of a token that it must refuse from the start. */
  readonly refused?: object;
  /** Whether its route lets every request in, by its nature. */
  readonly isOpen?: boolean;
}

/** How long a replica may take to read what is there. */
const READ_WITHIN_MS = 10_000;

/** An application in a process of its own, with a database of its own, that does what it promises. */
export class BenchApp {
  readonly url: string;
  /** What its client sends with each request: to all apps the same, and what only it needs. */
  readonly headers: Readonly<Record<string, string>>;

  private constructor(
    private readonly worker: Worker<AppReady>,
    token: string,
  ) {
    this.url = worker.ready.url;
    this.headers = { authorization: `Bearer ${token}`, ...worker.ready.headers };
  }

  /** @param token what its users carry. @throws {Error} it does not start, or lets in whom it must not. */
  static async start(
    environment: BenchEnvironment,
    setup: AppSetup,
    token?: string,
  ): Promise<BenchApp> {
    const { signer, redisUrl } = environment;
    const { signedBy = 'HS256', platform, env } = setup;
    const worker = await Worker.start<AppReady>(`apps/${setup.module}`, {
      NODE_ENV: 'production',
      PLATFORM: platform,
      ALGORITHM: signedBy,
      DATABASE_URL: env?.DATABASE_URL ?? (await environment.createDatabase()),
      REDIS_URL: redisUrl,
      ...signer.environment,
      ...env,
    });
    const app = new BenchApp(worker, token ?? signer.sign(signedBy));
    try {
      await app.prove(setup.isOpen ?? false, signer.sign(signedBy));
      if (setup.refused !== undefined) await app.refuses(signer.sign(signedBy, setup.refused));
      return app;
    } catch (error) {
      await worker.stop();
      throw error;
    }
  }

  /** The path of its logout; not every app has one. */
  get logoutPath(): string {
    return this.worker.ready.logoutPath ?? '';
  }

  get pid(): number {
    return this.worker.pid;
  }

  /** Asks its process; see the app's own file for what it answers. */
  ask<Answer>(question: object): Promise<Answer> {
    return this.worker.ask(question);
  }

  stop(): Promise<void> {
    return this.worker.stop();
  }

  /** An app that lets every request in, or answers something else, would be compared in vain. */
  private async prove(isOpen: boolean, lost: string): Promise<void> {
    const { headers, logoutPath } = this.worker.ready;
    const me = (own: object) => fetch(`${this.url}/me`, { headers: { ...own } });
    const answer = await me(this.headers);
    assert.equal(answer.status, 200, `${this.url} refuses its user`);
    assert.deepEqual(await answer.json(), ME);
    assert.equal((await me({})).status, isOpen ? 200 : 401, `${this.url} without credentials`);
    if (logoutPath === undefined) return;
    const authorization = `Bearer ${lost}`;
    const logout = await fetch(this.url + logoutPath, {
      method: 'POST',
      headers: { ...headers, authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ token: lost }),
    });
    assert.deepEqual([logout.status, await logout.json()], [200, DONE], 'a logout');
    assert.equal((await me({ authorization })).status, 401, `${this.url} after a logout`);
  }

  /** Once it has read what was committed past it. */
  private async refuses(token: string): Promise<void> {
    const headers = { ...this.headers, authorization: `Bearer ${token}` };
    const deadline = Date.now() + READ_WITHIN_MS;
    while ((await fetch(`${this.url}/me`, { headers })).status !== 401) {
      assert.ok(Date.now() < deadline, `${this.url} accepts what was revoked beforehand`);
      await sleep(100);
    }
  }
}

/** Runs `work` with all the apps, and stops them whatever comes of it. */
export async function withApps<Name extends string, Result>(
  environment: BenchEnvironment,
  setups: Readonly<Record<Name, AppSetup>>,
  work: (apps: Readonly<Record<Name, BenchApp>>) => Promise<Result>,
): Promise<Result> {
  const started: [string, BenchApp][] = [];
  // The same header to each; only what is signed otherwise has another.
  const { signer } = environment;
  const tokens = { HS256: signer.sign('HS256'), ES256: signer.sign('ES256') };
  try {
    for (const [name, setup] of Object.entries<AppSetup>(setups)) {
      const { signedBy = 'HS256', claims } = setup;
      const token = claims === undefined ? tokens[signedBy] : signer.sign(signedBy, claims);
      started.push([name, await BenchApp.start(environment, setup, token)]);
    }
    await sleep(500); // what each does once it has started
    return await work(Object.fromEntries(started) as Record<Name, BenchApp>);
  } finally {
    await Promise.all(started.map(([, app]) => app.stop()));
  }
}
