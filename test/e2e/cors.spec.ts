import type { NestExpressApplication } from '@nestjs/platform-express';
import { json } from 'express';
import request from 'supertest';
import { DOCUMENTED, LOGOUT, TestApp } from '../support/app';
import { PlainHost, FRAMEWORKS } from '../support/plain-host';
import { FaultyStore } from '../support/faulty-store';

const PAGE = 'https://app.example';
const CORS = { origin: [PAGE] };

/** How the CORS of hosts comes to stand behind the first body parser. */
const HOSTS: Readonly<Record<string, (host: NestExpressApplication) => unknown>> = {
  'behind a parser of its own': (host) => {
    host.use(json({ limit: '5mb' }));
    host.enableCors(CORS);
  },
  'behind useBodyParser': (host) => {
    host.useBodyParser('json', { limit: '5mb' });
    host.enableCors(CORS);
  },
  'that is chosen for each request, behind useBodyParser': (host) => {
    host.useBodyParser('json', { limit: '5mb' });
    host.enableCors((_: unknown, choose: (error: null, options: object) => void) => {
      setImmediate(choose, null, CORS);
    });
  },
};

describe.each(Object.entries(HOSTS))('An Express host with CORS %s', (_, set) => {
  let app: TestApp;
  const store = new FaultyStore();
  beforeAll(async () => {
    const configure = (host: TestApp['nest']): void => void set(host as NestExpressApplication);
    app = await TestApp.start('express', { store }, { configure });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    store.isBlind = false;
  });

  const allowed = async (test: request.Test): Promise<unknown> =>
    (await test).headers['access-control-allow-origin'];

  it('lets a page ask whether it may log out', async () => {
    const preflight = { Origin: PAGE, 'Access-Control-Request-Method': 'POST' };
    expect(await allowed(request(app.url).options(LOGOUT).set(preflight).expect(204))).toBe(PAGE);
  });

  it('lets its pages, and no others, read what the gate refuses', async () => {
    const refused = (origin: string): request.Test =>
      app
        .post()
        .set({ Origin: origin, 'Content-Type': 'application/json' })
        .send('{"a')
        .expect(400, DOCUMENTED.badRequest);
    expect(await allowed(refused(PAGE))).toBe(PAGE);
    expect(await allowed(refused('https://other.example'))).toBeUndefined();
  });

  it('lets its pages read the 500 of enforcement', async () => {
    store.isBlind = true;
    const answer = app.me(app.issuer.token()).set('Origin', PAGE);
    expect(await allowed(answer.expect(500, DOCUMENTED.internal))).toBe(PAGE);
  });

  it('logs out', async () => {
    const token = app.issuer.token();
    expect(await allowed(app.logout(token).set('Origin', PAGE).expect(200))).toBe(PAGE);
    await app.me(token).expect(401);
  });
});

describe.each(FRAMEWORKS)('The Express face behind the CORS of its host, on %s', (_, framework) => {
  const exposed = async (headers: object): Promise<readonly unknown[]> => {
    const host = await PlainHost.express({
      framework,
      options: { throttleLimit: 1 },
      before: [
        (_request, response, next) => {
          response.set(headers);
          next();
        },
      ],
    });
    const anonymous = (): request.Test => host.post().send({});
    await anonymous().expect(400);
    const answers = [await host.protected().expect(401), await anonymous().expect(429)];
    await host.close();
    return answers.map((answer) => answer.headers['access-control-expose-headers']);
  };

  it('lets pages read the challenge and how long to wait, and what the host exposes', async () => {
    expect(await exposed({ 'Access-Control-Allow-Origin': PAGE })).toEqual([
      'WWW-Authenticate',
      'Retry-After',
    ]);
    const own = { 'Access-Control-Expose-Headers': 'X-Own,retry-after' };
    expect(await exposed({ 'Access-Control-Allow-Origin': PAGE, ...own })).toEqual([
      'X-Own, retry-after, WWW-Authenticate',
      'X-Own, retry-after',
    ]);
  });

  it('adds no header of CORS where the host has none', async () => {
    expect(await exposed({})).toEqual([undefined, undefined]);
  });
});
