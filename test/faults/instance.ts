import { Agent, request, type RequestOptions } from 'node:http';
import type { StoreStatus } from '../../src/revocation/store-status';
import { LOGOUT } from '../support/app';
import { TypescriptProcess } from '../support/typescript-process';
import type { Outcome } from './history';
import type { InstanceSettings } from './instance-program';

const PROGRAM = `require('./test/faults/instance-program.ts');`;

/** A host application with our module, in a process of its own. */
export class Instance {
  private readonly agent = new Agent({ keepAlive: true });

  private endedWith: string | undefined;

  private constructor(
    readonly name: string,
    private readonly settings: InstanceSettings,
    private readonly env: NodeJS.ProcessEnv,
    private process: TypescriptProcess,
    private address: string,
  ) {
    this.watch(process);
  }

  get url(): string {
    return this.address;
  }

  /** How its process came to its end; `undefined` while it runs. */
  get end(): string | undefined {
    return this.endedWith;
  }

  static async start(
    name: string,
    settings: InstanceSettings,
    env: NodeJS.ProcessEnv = {},
  ): Promise<Instance> {
    const child = launch(settings, env);
    return new Instance(name, settings, env, child, await addressOf(name, child));
  }

  /** Ends its process at once, and starts another one in its place. */
  async restart(): Promise<void> {
    const ended = this.process.kill();
    this.process = launch(this.settings, this.env);
    await ended;
    this.address = await addressOf(this.name, this.process);
    this.watch(this.process);
  }

  /** Asks the protected route. */
  async present(token: string): Promise<Outcome> {
    return outcomeOf((await this.ask('GET', '/protected', { token })).status);
  }

  async logOut(token: string): Promise<Outcome> {
    return outcomeOf((await this.ask('POST', LOGOUT, { token, body: { token } })).status);
  }

  async status(): Promise<StoreStatus> {
    return JSON.parse((await this.ask('GET', '/status')).text) as StoreStatus;
  }

  /** Revokes a token in a transaction of the host's, which stays open. */
  async revokeInTransaction(id: string, token: string): Promise<void> {
    await this.do(`/transactions/${id}`, { token });
  }

  async commit(id: string): Promise<void> {
    await this.do(`/transactions/${id}/commit`);
  }

  /** Takes every connection of the host's own pool. */
  async exhaustPool(seconds: number): Promise<void> {
    await this.do(`/exhaust/${seconds}`);
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.process.signal(name);
  }

  /** Ends it at once. @returns what it wrote to stderr, which is nothing but warnings. */
  async kill(): Promise<string> {
    this.agent.destroy();
    await this.process.kill();
    return (await this.process.ending()).stderr;
  }

  private watch(process: TypescriptProcess): void {
    void process.ending().then(({ code, stderr }) => {
      if (process === this.process)
        this.endedWith = `${this.name} ended with ${code ?? 'a signal'}: ${stderr.slice(-2000)}`;
    });
  }

  private async do(path: string, body: object = {}): Promise<void> {
    const { status, text } = await this.ask('POST', path, { body });
    if (status === undefined || status >= 300)
      throw new Error(`${this.name} ${path}: ${status ?? 'no answer'} ${text}`);
  }

  private ask(
    method: string,
    path: string,
    { token, body }: { token?: string; body?: object } = {},
  ): Promise<{ status?: number; text: string }> {
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    return send(
      new URL(path, this.url),
      { method, headers, agent: this.agent },
      body && JSON.stringify(body),
    );
  }
}

const launch = (settings: InstanceSettings, env: NodeJS.ProcessEnv): TypescriptProcess =>
  new TypescriptProcess(PROGRAM, { ...env, SETTINGS: JSON.stringify(settings) });

/** @throws {Error} it did not start. */
async function addressOf(name: string, child: TypescriptProcess): Promise<string> {
  const url = await child.firstLine();
  if (url !== undefined) return url;
  throw new Error(`${name} did not start: ${(await child.ending()).stderr}`);
}

/** Never fails: a server that may be dead at any time may give no answer. */
function send(
  url: URL,
  options: RequestOptions,
  body: string | undefined,
): Promise<{ status?: number; text: string }> {
  return new Promise((resolve) => {
    const sent = request(url, options, (response) => {
      const status = response.statusCode;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('close', () => {
        resolve({ status, text: Buffer.concat(chunks).toString() });
      });
    });
    sent.on('error', () => {
      resolve({ text: '' });
    });
    sent.end(body);
  });
}

export function outcomeOf(status: number | undefined): Outcome {
  switch (status) {
    case 200:
      return 'accepted';
    case 401:
      return 'refused';
    case 403:
      return 'expired';
    case 500:
      return 'failed';
    case undefined:
      return 'unanswered';
    default:
      return 'odd';
  }
}
