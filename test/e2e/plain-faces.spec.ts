import type { RequestHandler } from 'express';
import { EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import type { Test } from 'supertest';
import { DataSource } from 'typeorm';
import { RevokedTokensService } from '../../src';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { PostgresRevocationStore } from '../../src/postgres';
import { TestApp } from '../support/app';
import {
  FRAMEWORKS,
  PlainHost,
  PLAIN_APPS,
  type Framework,
  type HostSetUp,
} from '../support/plain-host';
import { AUDIENCE, ISSUER, TestIssuer } from '../support/tokens';

const LOGGED_OUT = '{"message":"Logged out successfully"}';
const REFUSED = '{"error":"Invalid token"}';
const UNAVAILABLE = '{"error":"Internal server error"}';

const issuer = new TestIssuer();
const now = (): number => Math.floor(Date.now() / 1000);
const GOOD_HEADER = JSON.stringify({ alg: 'HS256', typ: 'JWT' });

/** The same bytes of signature, written otherwise: its last character carries two unused bits. */
function respelled(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return token.slice(0, -1) + alphabet.charAt(alphabet.indexOf(token.slice(-1)) + 1);
}

/** Tokens that are never accepted, and what is wrong with each. */
const NOT_ACCEPTABLE: readonly (readonly [name: string, token: string])[] = [
  ['garbage', 'not-a-token'],
  ['an empty text', ''],
  ['an expired one', issuer.expired()],
  ['one without exp', issuer.token({ exp: undefined })],
  ['one with an iat that is no number', issuer.token({ iat: '1' })],
  ['one without sub', issuer.token({ sub: undefined })],
  ['one with an endless exp', issuer.signed(GOOD_HEADER, '{"sub":"ada","iat":1,"exp":1e308}')],
  ['one that lives too long', issuer.token({ exp: now() + 31 * 86_400 })],
  ['one that is not valid yet', issuer.token({ nbf: now() + 60 })],
  ['one of a wrong key', new TestIssuer().token()],
  ['one of another algorithm', new TestIssuer('RS256').token()],
  ['one of no algorithm', issuer.token({}, { alg: 'none' })],
  ['one with a critical extension', issuer.token({}, { crit: ['exp'] })],
  ['a good one in another spelling', respelled(issuer.token())],
  ['a good one with padding', `${issuer.token()}=`],
  ['one with a jti that is no text', issuer.token({ jti: { a: 1 } })],
];

/** With nobody before us, and behind the parsers that most hosts put in front of every route. */
const PARSERS: readonly (readonly [
  name: string,
  before: (framework: Framework) => readonly RequestHandler[],
])[] = [
  ['alone', () => []],
  ['behind a parser of forms', ({ urlencoded }) => [urlencoded({ extended: true })]],
  ['behind express.json()', ({ json, urlencoded }) => [json(), urlencoded({ extended: true })]],
];

type Start = (setUp: HostSetUp) => Promise<PlainHost>;

const ON_EXPRESS = FRAMEWORKS.flatMap(([version, framework]) =>
  PARSERS.map(([name, before]): readonly [string, Start] => [
    `${version} ${name}`,
    (setUp) => PlainHost.express({ ...setUp, framework, before: before(framework) }),
  ]),
);

const ON_FASTIFY: readonly (readonly [string, Start])[] = [
  ['Fastify 5 alone', (setUp) => PlainHost.fastify(setUp)],
  [
    'Fastify 5 with parsers of every type',
    (setUp) =>
      PlainHost.fastify({
        ...setUp,
        before: (app) => {
          app.removeAllContentTypeParsers();
          app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
            done(null, { token: body });
          });
        },
      }),
  ],
];

// What depends on the framework, or on who has parsed the body.
describe.each([...ON_EXPRESS, ...ON_FASTIFY])('Logging out on %s', (_name, start) => {
  let host: PlainHost;
  beforeAll(async () => {
    host = await start({ issuer });
  });
  afterAll(() => host.close());

  it('refuses the token from the next request on', async () => {
    const token = issuer.token();
    await host.protected(token).expect(200);
    await host.logout(token).expect(200, LOGGED_OUT);
    await host
      .protected(token)
      .expect(401, REFUSED)
      .expect('WWW-Authenticate', 'Bearer error="invalid_token"');
  });

  it('refuses to log out what is logged out already', async () => {
    const token = issuer.token();
    await host.logout(token).expect(200);
    await host.logout(token).expect(400, REFUSED);
  });

  it.each(NOT_ACCEPTABLE.slice(0, 3))('refuses %s at both', async (_what, token) => {
    await host.logout(token).expect(400, REFUSED);
    await host
      .protected(token)
      .expect(401, REFUSED)
      .expect('WWW-Authenticate', /^Bearer error=/);
  });

  it.each([
    ['null', '{"token":null}'],
    ['a number', '{"token":1}'],
    ['an object', '{"token":{}}'],
    ['a list', `{"token":["${issuer.token()}"]}`],
    ['nothing', '{}'],
    ['an inherited one', `{"__proto__":{"token":"${issuer.token()}"}}`],
  ])('refuses a body that names %s as the token', async (_what, body) => {
    await host.post().type('json').send(body).expect(400, REFUSED);
  });

  it('refuses a list as the body', async () => {
    await host
      .post()
      .send([{ token: issuer.token() }])
      .expect(400, REFUSED);
  });

  it('refuses a request without a body', async () => {
    await host.post().expect(400, REFUSED);
  });

  it.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x'])(
    'refuses a body of type %s, which any web page could send',
    async (type) => {
      const body = `token=${issuer.token()}`;
      await host.post().set('Content-Type', type).send(body).expect(400, REFUSED);
    },
  );

  it('refuses a compressed body', async () => {
    const test = host.post().type('json').set('Content-Encoding', 'gzip');
    test.write(gzipSync(JSON.stringify({ token: issuer.token() })));
    await test.expect(400, REFUSED);
  });

  it('refuses a body that announces more than 16 KB, whatever it holds', async () => {
    const filler = 'x'.repeat(16 * 1024);
    await host.post().send({ token: issuer.token(), filler }).expect(400, REFUSED);
  });

  it('ignores what else the body holds', async () => {
    await host.post().send({ token: issuer.token(), other: 1 }).expect(200, LOGGED_OUT);
  });

  it.each([
    ['no header', undefined],
    ['another scheme', 'Basic YTpi'],
  ])('asks for credentials without naming an error at %s', async (_what, header) => {
    const test = host.protected();
    if (header !== undefined) test.set('Authorization', header);
    await test.expect(401, REFUSED).expect('WWW-Authenticate', 'Bearer');
  });

  it.each([
    ['a logout', (token: string) => host.logout(token).expect(200)],
    ['a refused logout', () => host.logout('x').expect(400)],
    ['a refused request', () => host.protected('x').expect(401)],
  ])('forbids to store or sniff the answer to %s', async (_what, send) => {
    expect((await send(issuer.token())).headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-type': 'application/json; charset=utf-8',
    });
  });

  it('gives each request claims of its own, whatever a route writes into them', async () => {
    const claims = issuer.claims();
    await host.protected(issuer.token(claims)).expect(200, claims);
    await host.protected(issuer.token(claims)).expect(200, claims);
  });
});

describe('The verdicts on tokens on Express 5', () => {
  let host: PlainHost;
  beforeAll(async () => {
    host = await PlainHost.express({ issuer });
  });
  afterAll(() => host.close());

  it('leaves other tokens of the same user alone', async () => {
    const other = issuer.token();
    await host.logout(issuer.token()).expect(200);
    await host.protected(other).expect(200);
  });

  it.each(NOT_ACCEPTABLE)('refuses to log out %s', async (_what, token) => {
    await host.logout(token).expect(400, REFUSED);
  });

  it.each(NOT_ACCEPTABLE)('refuses %s', async (_what, token) => {
    await host
      .protected(token)
      .expect(401, REFUSED)
      .expect('WWW-Authenticate', /^Bearer error=/);
  });

  it('refuses a revoked token in every spelling', async () => {
    const token = issuer.token();
    await host.logout(token).expect(200);
    await host.logout(respelled(token)).expect(400, REFUSED);
    await host.protected(respelled(token)).expect(401, REFUSED);
  });

  it.each([
    ['no token', 'Bearer '],
    ['two tokens', `Bearer ${issuer.token()} ${issuer.token()}`],
    ['two schemes', `Bearer ${issuer.token()}, Basic YTpi`],
  ])('refuses a header of %s', async (_what, header) => {
    await host
      .protected()
      .set('Authorization', header)
      .expect(401, REFUSED)
      .expect('WWW-Authenticate', 'Bearer error="invalid_token"');
  });

  it('takes the token from the header only', async () => {
    const token = issuer.token();
    const test = host.protected().query({ token, access_token: token });
    await test.set('Cookie', `token=${token}`).expect(401, REFUSED);
  });
});

describe.each(PLAIN_APPS)('The body that we read ourselves on %s', (_name, start) => {
  let host: PlainHost;
  beforeAll(async () => {
    host = await start({ issuer });
  });
  afterAll(() => host.close());

  it.each([
    ['half of an object', '{"token":'],
    ['a text', 'token'],
    ['a byte order mark', '\ufeff{"token":"x"}'],
  ])('refuses %s instead of JSON, and does not quote it', async (_what, body) => {
    await host.post().type('json').send(body).expect(400, REFUSED);
  });

  it('refuses more than 16 KB that were not announced', async () => {
    const test = host.post().type('json').set('Transfer-Encoding', 'chunked');
    test.write(JSON.stringify({ token: issuer.token(), filler: 'x'.repeat(16 * 1024) }));
    await test.expect(400, REFUSED);
  });

  it('takes a body whose length was not announced', async () => {
    const test = host.post().type('json').set('Transfer-Encoding', 'chunked');
    test.write(JSON.stringify({ token: issuer.token() }));
    await test.expect(200, LOGGED_OUT);
  });
});

/** Disconnects when half of the body was sent, and the host has told of the request. */
async function leaveInTheMiddle({ port }: PlainHost, arrivals: EventEmitter): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.write('POST /logout HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n');
  socket.write('Content-Length: 100\r\n\r\n{"token":');
  const [request] = (await once(arrivals, 'request')) as [IncomingMessage];
  socket.destroy();
  await new Promise((resolve) => request.once('close', resolve));
}

describe.each(FRAMEWORKS)('When others were there before us on %s', (_name, framework) => {
  let host: PlainHost | undefined;
  afterEach(() => host?.close());

  it('refuses a body that another middleware has read and kept', async () => {
    const swallow: RequestHandler = (request, _response, next) => {
      void text(request).then(() => {
        next();
      });
    };
    host = await PlainHost.express({ framework, issuer, before: [swallow] });
    await host.logout(issuer.token()).expect(400, REFUSED);
  });

  it('does not answer what a timeout of the host has answered already', async () => {
    const answered: RequestHandler = (_request, response, next) => {
      response.status(503).end('too late');
      next();
    };
    host = await PlainHost.express({ framework, issuer, before: [answered] });
    await host.protected().expect(503, 'too late');
    await host.logout('x').expect(503, 'too late');
    expect(host.errors).toEqual([]);
  });

  it('goes on, without a word, when a client disconnects in the middle', async () => {
    const arrivals = new EventEmitter();
    const arrive: RequestHandler = (request, _response, next) => {
      arrivals.emit('request', request);
      next();
    };
    host = await PlainHost.express({ framework, issuer, before: [arrive] });
    await leaveInTheMiddle(host, arrivals);
    await host.logout(issuer.token()).expect(200, LOGGED_OUT);
    expect(host.errors).toEqual([]);
    expect(host.auditLines).toHaveLength(1);
  });
});

describe('When hooks of the host were there before us on Fastify', () => {
  let host: PlainHost | undefined;
  afterEach(() => host?.close());

  it('does not answer what a timeout of the host answers meanwhile', async () => {
    host = await PlainHost.fastify({
      issuer,
      before: (app) =>
        app.addHook('preHandler', (_request, reply, done) => {
          void reply.code(503).send('too late');
          done();
        }),
    });
    await host.logout('x').expect(503, 'too late');
    expect(host.errors).toEqual([]);
  });

  it('logs out where a hook of the host has a say before the handler', async () => {
    const seen: unknown[] = [];
    host = await PlainHost.fastify({
      issuer,
      before: (app) =>
        app.addHook('preHandler', (request, _reply, done) => {
          seen.push(request.body);
          setTimeout(done, 20);
        }),
    });
    await host.logout(issuer.token()).expect(200, LOGGED_OUT);
    expect(seen).toEqual([undefined]);
  });

  it('goes on, without a word, when a client disconnects in the middle', async () => {
    const arrivals = new EventEmitter();
    host = await PlainHost.fastify({
      issuer,
      before: (app) =>
        app.addHook('onRequest', (request, _reply, done) => {
          arrivals.emit('request', request.raw);
          done();
        }),
    });
    await leaveInTheMiddle(host, arrivals);
    await host.logout(issuer.token()).expect(200, LOGGED_OUT);
    expect(host.errors).toEqual([]);
    expect(host.auditLines).toHaveLength(1);
  });

  it('takes revoked tokens away ahead of the hooks of the host', async () => {
    const seen: unknown[] = [];
    host = await PlainHost.fastify({
      issuer,
      isEnforced: true,
      before: (app) =>
        app.addHook('onRequest', (request, _reply, done) => {
          seen.push(request.headers.authorization);
          done();
        }),
    });
    const token = issuer.token();
    await host.revocation.tokens.revoke(token);
    await host
      .protected(token)
      .expect(401, REFUSED)
      .expect('WWW-Authenticate', /invalid/);
    expect(seen).toEqual([undefined]);
  });
});

/** Opens when the test says so. */
class GatedStore extends MemoryRevocationStore {
  private readonly gate = new EventEmitter();
  /** Resolves when it is asked to open. */
  readonly asked = once(this.gate, 'asked');

  unlock(): void {
    this.gate.emit('unlocked');
  }

  override async open(): Promise<void> {
    const unlocked = once(this.gate, 'unlocked');
    this.gate.emit('asked');
    await unlocked;
    await super.open();
  }
}

/** Cannot be opened the first time. */
class LateStore extends MemoryRevocationStore {
  private attempts = 0;

  override open(): Promise<void> {
    this.attempts += 1;
    if (this.attempts === 1) return Promise.reject(new Error('connect ECONNREFUSED'));
    return super.open();
  }
}

/** Learns of no revocation before it is asked to add it again, as in a race of two logouts. */
class BlindStore extends MemoryRevocationStore {
  override isRevoked(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

const REQUESTS: readonly (readonly [what: string, (host: PlainHost, token: string) => Test])[] = [
  ['a logout', (host, token) => host.logout(token)],
  ['a protected request', (host, token) => host.protected(token)],
];

describe.each(PLAIN_APPS)('The store behind %s', (_name, startHost) => {
  let host: PlainHost;
  const start = async (store = new MemoryRevocationStore()): Promise<MemoryRevocationStore> => {
    host = await startHost({ issuer, options: { store } });
    return store;
  };
  afterEach(() => host.close());

  it('answers 500, never 200, when it fails', async () => {
    const store = await start();
    await host.revocation.open();
    await store.close();
    await host.logout(issuer.token()).expect(500, UNAVAILABLE);
    await host.protected(issuer.token()).expect(500, UNAVAILABLE);
    expect(host.errors).toMatchObject([{ cause: { code: 'STORE_UNAVAILABLE' } }]);
  });

  it('still tells bad tokens from good ones when it fails', async () => {
    const store = await start();
    await host.revocation.open();
    await store.close();
    await host.logout('x').expect(400, REFUSED);
    await host.protected('x').expect(401, REFUSED);
    await host.protected().expect(401, REFUSED);
  });

  it.each(REQUESTS)('does not let %s through while it cannot be opened', async (_what, send) => {
    await start(new LateStore());
    const token = issuer.token();
    await send(host, token).expect(500, UNAVAILABLE).expect('Cache-Control', 'no-store');
    expect(host.errors).toMatchObject([{ message: 'connect ECONNREFUSED' }]);
    await send(host, token).expect(200);
  });

  it.each(REQUESTS)('lets %s wait until it is open', async (_what, send) => {
    const store = new GatedStore();
    await start(store);
    const order: string[] = [];
    const answer = send(host, issuer.token())
      .expect(200)
      .then(() => order.push('answered'));
    await store.asked;
    order.push('unlocked');
    store.unlock();
    await answer;
    expect(order).toEqual(['unlocked', 'answered']);
  });

  it('lets only one of two logouts succeed, however late the other learns of it', async () => {
    await start(new BlindStore());
    const token = issuer.token();
    await host.logout(token).expect(200, LOGGED_OUT);
    await host.logout(token).expect(400, REFUSED);
  });

  it('answers 500 after close()', async () => {
    await start();
    await host.protected(issuer.token()).expect(200);
    await host.revocation.close();
    await host.protected(issuer.token()).expect(500, UNAVAILABLE);
    await host.logout(issuer.token()).expect(500, UNAVAILABLE);
  });
});

it('answers 500 when there is no database at all', async () => {
  const unreachable = new DataSource({ type: 'postgres', host: '127.0.0.1', port: 1 });
  const store = new PostgresRevocationStore(unreachable);
  const host = await PlainHost.express({ issuer, options: { store } });
  await host.protected(issuer.token()).expect(500, UNAVAILABLE);
  await host.logout(issuer.token()).expect(500, UNAVAILABLE);
  await host.close();
});

describe('The answers', () => {
  it('take the bodies and statuses of the host', async () => {
    const answers = {
      loggedOut: { status: 204 },
      logoutRefused: { status: 422, body: { ok: false } },
      notAuthenticated: { body: 'Bitte anmelden' },
    };
    const host = await PlainHost.express({ issuer, options: { answers } });
    await host.logout(issuer.token()).expect(204, '');
    await host.logout('x').expect(422, '{"ok":false}');
    await host.protected('x').expect(401, '"Bitte anmelden"');
    await host.close();
  });
});

describe('The audit', () => {
  let host: PlainHost;
  beforeEach(async () => {
    host = await PlainHost.express({ issuer });
  });
  afterEach(() => host.close());
  const lines = (): unknown[] => host.auditLines.map((line) => JSON.parse(line) as unknown);

  it('tells who logged out, with which token, from where', async () => {
    const token = issuer.token({ jti: 'first' });
    await host.logout(token).set('User-Agent', 'Ada/1').set('X-Request-Id', 'r-1').expect(200);
    const { events } = await host.revocation.audit.find({ outcome: 'success' });
    expect(events).toMatchObject([
      {
        event: 'authn_token_revoked',
        subject: 'ada',
        tokenId: 'first',
        ip: '127.0.0.1',
        userAgent: 'Ada/1',
        requestId: 'r-1',
      },
    ]);
  });

  it.each([
    ['no token', '{}', { event: 'authn_token_revoked', reason: 'token_missing' }],
    ['a bad token', '{"token":"x"}', { event: 'authn_token_revoked', reason: 'form' }],
    [
      'an expired token',
      `{"token":"${issuer.expired()}"}`,
      { event: 'authn_token_revoked', reason: 'token_expired', subject: 'ada' },
    ],
    ['no JSON', '{"token":', { event: 'input_validation_fail', reason: 'bad_request' }],
  ])('tells of a logout that failed for %s', async (_what, body, event) => {
    await host.post().type('json').send(body).expect(400);
    expect(lines()).toEqual([
      expect.objectContaining({ ...event, outcome: 'failure', ip: '127.0.0.1' }),
    ]);
  });

  it('tells of a logout that the store failed', async () => {
    await host.revocation.open();
    await host.store.close();
    await host.logout(issuer.token()).expect(500);
    expect(lines()).toMatchObject([
      { event: 'authn_token_revoked', outcome: 'failure', reason: 'store_unavailable' },
    ]);
  });

  it('tells of a token that is used after its logout', async () => {
    const token = issuer.token({ jti: 'stolen' });
    await host.logout(token).expect(200);
    await host.protected(token).expect(401);
    expect(lines()).toMatchObject([
      { outcome: 'success' },
      { event: 'authn_token_reuse', tokenId: 'stolen' },
    ]);
  });

  it('never holds the text of a token', async () => {
    const token = issuer.token();
    await host.logout(token).expect(200);
    await host.logout(token).expect(400);
    expect(host.auditLines.join()).not.toContain(token.split('.')[1]);
  });
});

const revoked = issuer.token();
const ON_BOTH: typeof NOT_ACCEPTABLE = [
  ...NOT_ACCEPTABLE,
  ['a good one', issuer.token()],
  ['one of another issuer', issuer.token({ iss: 'https://else.example' })],
  ['one for another audience', issuer.token({ aud: 'https://else.example' })],
  ['a revoked one', revoked],
  ['a revoked one in another spelling', respelled(revoked)],
];

describe('Beside the Nest module, on one store', () => {
  const store = new MemoryRevocationStore();
  let nest: TestApp;
  let host: PlainHost;
  beforeAll(async () => {
    nest = await TestApp.start('express', { store }, { issuer });
    const options = { store, issuer: ISSUER, audience: AUDIENCE };
    host = await PlainHost.express({ issuer, options });
    await host.logout(revoked).expect(200);
  });
  afterAll(async () => {
    await nest.close();
    await host.close();
  });

  it.each(ON_BOTH)('both have one verdict on %s', async (_what, token) => {
    const mine = await host.revocation.tokens.authenticate(token);
    const theirs = await nest.nest.get(RevokedTokensService).authenticate(token);
    expect(mine).toEqual(theirs);
    const [here, there] = await Promise.all([host.protected(token), nest.me(token)]);
    expect(here.ok).toBe(there.ok);
  });

  it('a logout on either ends the token on the other', async () => {
    const [first, second] = [issuer.token(), issuer.token()];
    await host.logout(first).expect(200);
    await nest.logout(second).expect(200);
    await nest.me(first).expect(401);
    await host.protected(second).expect(401);
  });
});
