import { type INestApplication, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AuthModule, type AuthModuleOptions } from '../../src';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { LOGOUT, MeController } from '../support/app';
import { Barrier, SESSION_COOKIE, sessionController, sessionHost } from '../support/session-host';
import { AUDIENCE, ISSUER } from '../support/tokens';
import { claimsOf } from './template-values';
import type { Run } from './run';
import { send, type WireAnswer } from './wire';

/** A host with our module, for what the service on its own does not have: cookies and sessions. */
export class EffectsHost {
  private constructor(
    private readonly nest: INestApplication,
    readonly url: string,
  ) {}

  static async start(
    { name: { platform, algorithm }, issuer }: Run,
    options: Partial<AuthModuleOptions>,
    controllers: Type[] = [],
    configure: (app: INestApplication) => Promise<void> = () => Promise.resolve(),
  ): Promise<EffectsHost> {
    const auth = AuthModule.forRoot({
      algorithms: [algorithm],
      keys: issuer.key(algorithm),
      issuer: ISSUER,
      audience: AUDIENCE,
      store: new MemoryRevocationStore(),
      throttleLimit: 1000,
      ...options,
    });

    @Module({ imports: [auth], controllers: [MeController, ...controllers] })
    class Host {}

    const adapter = platform === 'fastify' ? new FastifyAdapter({ trustProxy: true }) : trusting();
    const nest = await NestFactory.create<NestFastifyApplication>(Host, adapter, {
      logger: false,
      abortOnError: false,
    });
    await configure(nest);
    await nest.listen(0, '127.0.0.1');
    return new EffectsHost(nest, await nest.getUrl());
  }

  async logout(token: string, headers: Readonly<Record<string, string>> = {}): Promise<WireAnswer> {
    const body = JSON.stringify({ token });
    return this.ask('POST', LOGOUT, { ...bearer(token), ...headers }, body);
  }

  ask(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body = '',
  ): Promise<WireAnswer> {
    const request = { method, path, headers: Object.entries(headers), body: Buffer.from(body) };
    return send({ url: this.url }, request);
  }

  close(): Promise<void> {
    return this.nest.close();
  }
}

const bearer = (token: string): Readonly<Record<string, string>> => ({
  Authorization: `Bearer ${token}`,
  'Content-Type': 'application/json',
});

function trusting(): ExpressAdapter {
  const adapter = new ExpressAdapter();
  adapter.set('trust proxy', true);
  return adapter;
}

const COOKIES: AuthModuleOptions['cookies'] = [
  { name: '__Host-access', secure: true, httpOnly: true, sameSite: 'strict' },
  { name: 'refresh', path: '/api/v1/auth', domain: 'example.com', secure: true, sameSite: 'lax' },
];

/** By header: what a logout over HTTPS sends, as configured. */
const EXPECTED_HEADERS: Readonly<Record<string, readonly string[]>> = {
  'clear-site-data': ['"cache", "cookies", "storage"'],
  'set-cookie': [
    '__Host-access=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Strict',
    'refresh=; Max-Age=0; Domain=example.com; Path=/api/v1/auth; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; SameSite=Lax',
  ],
};

/** Holds where the host has configured it: sent with the 200 over HTTPS, and with no refusal. */
export async function expectLogoutHeaders(run: Run, header: string): Promise<void> {
  const host = await EffectsHost.start(run, {
    cookies: COOKIES,
    clearSiteData: ['cache', 'cookies', 'storage'],
  });
  try {
    const token = run.mint(claimsOf('leaving', 600));
    const https = { 'X-Forwarded-Proto': 'https' };
    const answer = await host.logout(token, https);
    expect([answer.status, answer.headers[header]]).toEqual([200, EXPECTED_HEADERS[header]]);
    const again = await host.logout(token, https);
    expect([again.status, again.headers[header]]).toEqual([401, undefined]);
  } finally {
    await host.close();
  }
}

/**
 * A request of a server-side session is at work while the user logs out, and ends afterwards.
 * @returns what the same token and cookie get then: from the guard, and of the session.
 */
export async function outliveLogout(
  run: Run,
  token: string,
): Promise<{
  readonly guard: WireAnswer;
  readonly session: WireAnswer;
  readonly storedIds: readonly string[];
}> {
  const barrier = new Barrier();
  const sessions = sessionHost(run.name.platform);
  const store = new MemoryRevocationStore();
  const sessionStore = sessions.newStore();
  const options = { store, sessionTerminators: [sessions.terminator(sessionStore, store)] };
  const host = await EffectsHost.start(run, options, [sessionController(barrier)], (app) =>
    sessions.install(app, sessionStore),
  );
  try {
    const opened = await host.ask('POST', '/session/open');
    const [setCookie = ''] = opened.headers['set-cookie'] ?? [];
    const Cookie = setCookie.split(';', 1)[0] ?? '';
    expect(Cookie).toContain(SESSION_COOKIE);
    const slow = host.ask('GET', '/session/slow', { Cookie });
    await barrier.arrived;
    expect((await host.logout(token, { Cookie })).status).toBe(200);
    barrier.open();
    expect((await slow).status).toBe(200);
    return {
      guard: await host.ask('GET', '/me', { ...bearer(token), Cookie }),
      session: await host.ask('GET', '/session/who', { Cookie }),
      storedIds: sessions.storedIds(),
    };
  } finally {
    await host.close();
  }
}
