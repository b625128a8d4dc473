import type { RevocationQuery } from '../../src/tokens/scopes';
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExpressAdapter } from '@nestjs/platform-express';
import express, { type RequestHandler } from 'express';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import request from 'supertest';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { DOCUMENTED, LOGOUT, TestApp } from '../support/app';
import { TestCaller } from '../support/introspection';
import { BACKCHANNEL, BACKCHANNEL_LOGOUT, logoutToken } from '../support/logout-tokens';
import { FRAMEWORKS, PlainHost } from '../support/plain-host';
import { AUDIENCE, ISSUER, TestIssuer } from '../support/tokens';

const LATE_MS = 150;

class SlowStore extends MemoryRevocationStore {
  override async isRevoked(query: RevocationQuery): Promise<boolean> {
    await sleep(LATE_MS);
    return super.isRevoked(query);
  }
}

/** A timeout as hosts have it: answers by itself when no answer was sent in time. */
const impatient: RequestHandler = (_, response, next) => {
  setTimeout(() => response.status(503).end('late'), LATE_MS / 3);
  next();
};

describe('Beside middleware of an Express host', () => {
  let app: TestApp | undefined;
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  it.each(['application/json', 'text/x+json'])(
    'leaves the answer to a timeout of the host that came first (%s)',
    async (type) => {
      const adapter = new ExpressAdapter(express().use(impatient));
      app = await TestApp.start('express', { store: new SlowStore() }, { adapter });
      const token = app.issuer.token();
      const answers = app.logout(token, token).set('Content-Type', type);
      const unhandled: unknown[] = [];
      const note = (error: unknown): number => unhandled.push(error);
      process.on('unhandledRejection', note);
      await answers.expect(503, 'late');
      await sleep(2 * LATE_MS);
      process.off('unhandledRejection', note);
      expect(unhandled).toEqual([]);
    },
  );

  it('takes all of a body of which the host has kept the first part in rawBody', async () => {
    let sendRest = (): void => undefined;
    const keepingFirst: RequestHandler = (incoming, response, next) => {
      keeping(incoming, response, () => {
        incoming.once('data', () => {
          next();
          sendRest();
        });
      });
    };
    app = await TestApp.start('express', {}, { configure: (nest) => void nest.use(keepingFirst) });
    const token = app.issuer.token();
    const body = JSON.stringify({ token });
    const headers = {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      'Content-Length': body.length,
    };
    const logout = http.request(`${app.url}${LOGOUT}`, { method: 'POST', headers });
    sendRest = () => logout.end(body.slice(20));
    logout.write(body.slice(0, 20));
    const [answer] = (await once(logout, 'response')) as [http.IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(200);
  });

  it('answers where the host parses bodies with body-parser 1', async () => {
    const { json } = jest.requireActual<typeof express>('express4');
    app = await TestApp.start('express', {}, { configure: (nest) => void nest.use(json()) });
    await app.logout(app.issuer.token()).expect(200, DOCUMENTED.loggedOut);
  });
});

const issuer = new TestIssuer('ES256');
const api = new TestCaller('api', { audiences: AUDIENCE });
const options = {
  issuer: ISSUER,
  audience: AUDIENCE,
  backchannel: BACKCHANNEL,
  introspectionCallers: [api.options],
};

/** As a host logs bodies: from here on their chunks are text. */
const inText: RequestHandler = (incoming, _, next) => {
  incoming.setEncoding('utf8');
  next();
};

/** As a host keeps bodies to check a signature of them. */
const keeping: RequestHandler = (incoming, _, next) => {
  const kept = Object.assign(incoming, { rawBody: '' });
  incoming.on('data', (chunk: Buffer) => (kept.rawBody += chunk.toString()));
  next();
};

/** As a host counts what comes in. */
const listening: RequestHandler = (incoming, _, next) => {
  incoming.on('data', () => undefined);
  next();
};

interface Host {
  readonly url: string;
  close(): Promise<void>;
}

type Start = readonly [name: string, logout: string, start: () => Promise<Host>];

/** Hosts of every kind behind one middleware, and the path of their logout. */
const behind = (middleware: RequestHandler): readonly Start[] => [
  ...FRAMEWORKS.map(
    ([name, framework]) =>
      [
        name,
        '/logout',
        () => PlainHost.express({ issuer, framework, options, before: [middleware] }),
      ] as const,
  ),
  [
    'Nest on Express',
    LOGOUT,
    () =>
      TestApp.start('express', options, { issuer, configure: (nest) => void nest.use(middleware) }),
  ],
];

const onFastify: readonly Start[] = [
  [
    'Fastify 5',
    '/logout',
    () =>
      PlainHost.fastify({
        issuer,
        options,
        before: (app) =>
          app.addHook('onRequest', ({ raw }, _, done) => {
            raw.setEncoding('utf8');
            done();
          }),
      }),
  ],
  [
    'Nest on Fastify',
    LOGOUT,
    () =>
      TestApp.start('fastify', options, {
        issuer,
        configure: (nest) =>
          void (nest.getHttpAdapter() as FastifyAdapter)
            .getInstance()
            .addHook('onRequest', ({ raw }, _, done) => {
              raw.setEncoding('utf8');
              done();
            }),
      }),
  ],
];

const where = (host: string, hosts: readonly Start[]) =>
  hosts.map((start) => [host, ...start] as const);

describe.each([
  ...where('reads bodies as text', [...behind(inText), ...onFastify]),
  ...where('keeps bodies in rawBody', behind(keeping)),
  ...where('listens to bodies', behind(listening)),
])('Where the host %s, on %s,', (_what, _name, path, start) => {
  let host: Host;
  beforeAll(async () => {
    host = await start();
  });
  afterAll(() => host.close());

  it('every route takes a body all the same', () => expectEveryRoute(host, path));
});

/** What the resource server is told, before and after a logout by the user and by the provider. */
async function expectEveryRoute({ url }: Host, path: string): Promise<void> {
  const [left, ended] = [issuer.token(), issuer.token({ sid: 's1' })];
  const isActive = async (token: string): Promise<unknown> =>
    ((await api.ask(url, token).expect(200)).body as { readonly active: unknown }).active;
  expect([await isActive(left), await isActive(ended)]).toEqual([true, true]);
  const logout = request(url).post(path).set('Authorization', `Bearer ${left}`);
  await logout.send({ token: left }).expect(200);
  const told = request(url).post(BACKCHANNEL_LOGOUT).type('form');
  await told.send({ logout_token: logoutToken(issuer, { sid: 's1' }) }).expect(200);
  expect([await isActive(left), await isActive(ended)]).toEqual([false, false]);
}
