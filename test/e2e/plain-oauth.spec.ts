import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { Logger } from '@nestjs/common';
import { jwtVerify } from 'jose';
import request, { type Response, type Test } from 'supertest';
import { createRevocation as forExpress, type RevocationOptions } from '../../src/express';
import { createRevocation as forFastify } from '../../src/fastify';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { TestApp } from '../support/app';
import { auditOf } from '../support/audit';
import { DocumentServer } from '../support/document-server';
import { FaultyStore } from '../support/faulty-store';
import { basic, INACTIVE, INTROSPECT, SIGNED, TestCaller } from '../support/introspection';
import {
  BACKCHANNEL,
  BACKCHANNEL_LOGOUT,
  logoutClaims,
  logoutToken,
  nowSeconds,
} from '../support/logout-tokens';
import { PlainHost, PLAIN_APPS } from '../support/plain-host';
import { PublishedIssuer } from '../support/published-issuer';
import { OWN_ISSUER, sessionOptions } from '../support/sessions';
import { AUDIENCE, ISSUER, TestIssuer } from '../support/tokens';

const issuer = new TestIssuer('ES256');
const api = new TestCaller('api', { audiences: AUDIENCE });
const other = new TestCaller('other', { audiences: 'https://other.example' });
const options = {
  issuer: ISSUER,
  audience: AUDIENCE,
  backchannel: BACKCHANNEL,
  introspectionCallers: [api.options, other.options],
} as const satisfies Partial<RevocationOptions>;
const LIMIT = 3;

const introspect = (url: string, authorization = api.authorization): Test =>
  request(url).post(INTROSPECT).type('form').set('Authorization', authorization);
const anonymous = (url: string): Test => request(url).post(INTROSPECT).type('form');
const logOut = (url: string, text: string): Test =>
  request(url).post(BACKCHANNEL_LOGOUT).type('form').send({ logout_token: text });

describe.each(PLAIN_APPS)('For other services, %s', (_name, start) => {
  let host: PlainHost;
  const restart = async (changes: Partial<RevocationOptions>, hasParsers = false) => {
    await host.close();
    host = await start({ issuer, hasParsers, options: { ...options, ...changes } });
  };
  beforeEach(async () => {
    host = await start({ issuer, options });
  });
  afterEach(() => {
    jest.restoreAllMocks();
    return host.close();
  });
  const audited = async () => {
    await host.revocation.audit.close();
    return (await host.revocation.audit.find({})).events;
  };
  const statuses = async (count: number, send: () => PromiseLike<Response>): Promise<number[]> => {
    const all: number[] = [];
    for (let i = 0; i < count; i += 1) all.push((await send()).status);
    return all;
  };

  it('tells a resource server that a token is live, and after its logout that it is not', async () => {
    const token = issuer.token({ jti: 'j1' });
    const live = await api.ask(host.url, token).expect(200);
    expect(live.body).toMatchObject({ active: true, iss: ISSUER, jti: 'j1', sub: 'ada' });
    await other.ask(host.url, token).expect(200, INACTIVE);
    await host.logout(token).expect(200);
    await api.ask(host.url, token).expect(200, INACTIVE);
  });

  it('refuses the tokens of a session that the identity provider has ended', async () => {
    const [ended, going] = [issuer.token({ sid: 's1' }), issuer.token({ sid: 's2' })];
    await host.protected(ended).expect(200);
    await logOut(host.url, logoutToken(issuer, { sid: 's1' })).expect(200, '');
    await host.protected(ended).expect(401);
    await api.ask(host.url, ended).expect(200, INACTIVE);
    await host.protected(going).expect(200);
    expect(await audited()).toContainEqual(
      expect.objectContaining({ actor: `idp:${ISSUER}`, sessionId: 's1', outcome: 'success' }),
    );
  });

  it('takes a logout token as the first request of all, by keys that the provider publishes', async () => {
    const provider = await PublishedIssuer.start();
    const { url, jwksUri } = provider;
    await restart({ algorithms: ['ES256'], keys: undefined, issuer: url, jwksUri });
    const claims = logoutClaims({ iss: url, sid: 's1' });
    await logOut(host.url, provider.token(claims, { typ: 'logout+jwt' })).expect(200);
    await api.ask(host.url, provider.token({ sid: 's1' })).expect(200, INACTIVE);
    expect((await api.ask(host.url, provider.token()).expect(200)).body).toMatchObject({
      active: true,
    });
    await provider.close();
  });

  it('serves the tokens of one provider while another does not answer, from the first request on', async () => {
    const silent = await DocumentServer.start();
    silent.answer = () => undefined;
    const users = new TestIssuer('ES256');
    const rules = { audience: null, algorithms: ['ES256'] as const };
    const issuers = [
      { ...rules, issuer: 'https://silent.example', jwksUri: silent.url },
      { ...rules, issuer: ISSUER, keys: users.key },
    ];
    const flat = { algorithms: undefined, keys: undefined, issuer: undefined, audience: undefined };
    await restart({ ...flat, ...{ backchannel: undefined }, issuers } as never);
    const token = users.token();
    const isOpened = jest.fn();
    const opened = host.revocation.open().then(isOpened);
    await host.protected(token).expect(200);
    await host.logout(token).expect(200);
    expect(isOpened).not.toHaveBeenCalled();
    await silent.close();
    await opened;
  });

  it('signs an answer where the caller asks for that, for the caller alone', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    await restart({ sessions: sessionOptions({ signingKeys: privateKey }) });
    const token = issuer.token();
    const answer = await api.ask(host.url, token).set('Accept', SIGNED).expect(200);
    expect(answer.headers['content-type']).toBe(SIGNED);
    const { payload } = await jwtVerify(answer.text, publicKey);
    expect(payload).toMatchObject({ iss: OWN_ISSUER, aud: api.id });
    expect(payload.token_introspection).toEqual((await api.ask(host.url, token)).body);
  });

  describe('behind parsers of the host', () => {
    beforeEach(() => restart({}, true));

    it('reads forms all the same', async () => {
      const token = issuer.token({ sid: 's1' });
      expect((await api.ask(host.url, token).expect(200)).body).toMatchObject({ active: true });
      await logOut(host.url, logoutToken(issuer)).expect(200, '');
      await api.ask(host.url, token).expect(200, INACTIVE);
    });

    it('takes no JSON, no parameter twice, and no nested one', async () => {
      const refused = '{"error":"invalid_request"}';
      await introspect(host.url).type('json').send({ token: 't' }).expect(415, refused);
      await request(host.url)
        .post(BACKCHANNEL_LOGOUT)
        .send({ logout_token: logoutToken(issuer) })
        .expect(415, refused);
      for (const body of ['token=a&token=b', 'token[x]=a', 'token[]=a'])
        await introspect(host.url).send(body).expect(400, refused);
      for (const body of ['logout_token[x]=a', 'logout_token=a&logout_token=a'])
        await request(host.url)
          .post(BACKCHANNEL_LOGOUT)
          .type('form')
          .send(body)
          .expect(400, refused);
    });
  });

  describe('of a flood,', () => {
    it('refuses forged logout tokens, and lets every genuine one through', async () => {
      await restart({ throttleLimit: LIMIT });
      const forged = logoutToken(new TestIssuer('ES256'));
      expect(await statuses(LIMIT + 1, () => logOut(host.url, forged))).toEqual([
        ...Array<number>(LIMIT).fill(400),
        429,
      ]);
      const genuine = (sid: string) => logOut(host.url, logoutToken(issuer, { sid }));
      for (let count = 0; count < 2 * LIMIT; count += 1) await genuine(`s${count}`).expect(200);
      const again = logoutToken(issuer, { sid: 'again' });
      expect(await statuses(LIMIT + 1, () => logOut(host.url, again))).toEqual([
        200, 200, 200, 429,
      ]);
      await host.logout('no.to.ken').expect(400);
    });

    it('refuses those who are no callers, and each caller by its own limit alone', async () => {
      await restart({ throttleLimit: LIMIT, introspectionLimit: 5 });
      expect(await statuses(LIMIT + 1, () => anonymous(host.url))).toEqual([401, 401, 401, 429]);
      expect(await statuses(6, () => api.ask(host.url, 't'))).toEqual([
        ...Array<number>(5).fill(200),
        429,
      ]);
      await other.ask(host.url, 't').expect(200, INACTIVE);
      const reasons = (await audited()).map(({ reason }) => reason).sort();
      expect(reasons).toEqual(['caller_refused', 'limit_by_address', 'limit_by_caller']);
    });
  });

  it('says 503 while the store gives no answer, and never whether a token is live', async () => {
    const store = new FaultyStore();
    await restart({ store });
    const token = issuer.token();
    store.isBlind = true;
    store.addFails = 'before';
    const answers = [await api.ask(host.url, token), await logOut(host.url, logoutToken(issuer))];
    for (const { status, headers, text } of answers) {
      expect([status, headers['retry-after']]).toEqual([503, '1']);
      expect(text).toBe('{"error":"temporarily_unavailable"}');
    }
    expect(host.errors).toHaveLength(1);
    [store.isBlind, store.addFails] = [false, 'never'];
    expect((await api.ask(host.url, token)).body).toMatchObject({ active: true });
  });

  it('says 503 to all who may ask while the store cannot be opened, and tries again', async () => {
    class ShutStore extends MemoryRevocationStore {
      isShut = true;
      override open(): Promise<void> {
        return this.isShut ? Promise.reject(new Error('shut')) : super.open();
      }
    }
    const store = new ShutStore();
    await restart({ store });
    const unavailable = '{"error":"temporarily_unavailable"}';
    await api.ask(host.url, 't').expect(503, unavailable);
    await logOut(host.url, logoutToken(issuer)).expect(503, unavailable);
    await anonymous(host.url).expect(401);
    store.isShut = false;
    await api.ask(host.url, 't').expect(200, INACTIVE);
    await logOut(host.url, logoutToken(issuer)).expect(200);
  });

  it('does nothing for a client that leaves before its form is whole', async () => {
    const socket = net.connect(host.port, '127.0.0.1').resume();
    const head = `POST ${BACKCHANNEL_LOGOUT} HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n`;
    const type = 'Content-Type: application/x-www-form-urlencoded\r\n\r\n';
    socket.end(`${head}${type}logout_token=${logoutToken(issuer)}`);
    await once(socket, 'close');
    await logOut(host.url, logoutToken(issuer, { sid: 's2' })).expect(200);
    const { revocations } = await host.store.find({ limit: 10 });
    expect(revocations.map(({ sessionId }) => sessionId)).toEqual(['s2']);
    expect((await audited()).map(({ reason }) => reason)).toEqual(['backchannel_logout']);
    expect(host.errors).toEqual([]);
  });

  it('answers, audits and logs to the byte as AuthModule does', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    const nest = await TestApp.start('express', options, { issuer });
    const sends = everyKindOfRequest();
    const answers: { readonly plain: unknown[]; readonly nest: unknown[] } = {
      plain: [],
      nest: [],
    };
    for (const send of sends) {
      answers.plain.push(bytesOf(await send(host.url)));
      answers.nest.push(bytesOf(await send(nest.url)));
    }
    expect(answers.plain).toEqual(answers.nest);
    expect(lasting(await audited())).toEqual(lasting(await auditOf(nest)));
    const refusals = warn.mock.calls.map(([line]) => String(line));
    expect(host.refusals).toEqual(refusals.filter((line) => line.startsWith('Refused')));
    expect(host.refusals.join()).toContain('Refused, logout_token_audience');
    await nest.close();
  });
});

/** Requests to both routes, each of which can be sent to any host. */
function everyKindOfRequest(): readonly ((url: string) => Test)[] {
  const [live, iat] = [issuer.token({ jti: 'j1', sid: 's9' }), nowSeconds()];
  const ended = logoutToken(issuer, { iat, jti: 'l1' });
  return [
    (url) => api.ask(url, live),
    (url) => api.ask(url, 'rubbish'),
    (url) => introspect(url),
    (url) => introspect(url).send('token=a&token=b'),
    (url) => introspect(url).send('token='),
    (url) => introspect(url).type('json').send({ token: live }),
    (url) => introspect(url).send({ token: 'x'.repeat(20_000) }),
    (url) => anonymous(url).send({ token: live }),
    (url) => introspect(url, basic(api.id, 'x'.repeat(64))).send({ token: live }),
    (url) => logOut(url, ended),
    (url) => logOut(url, ended),
    (url) => logOut(url, logoutToken(issuer, { iat, sid: undefined, sub: 'eve' })),
    (url) => logOut(url, logoutToken(issuer, { iat, aud: 'another' })),
    (url) => logOut(url, logoutToken(new TestIssuer('ES256'), { iat })),
    (url) => logOut(url, ''),
    (url) => logOut(url, 'x'.repeat(20_000)),
    (url) => request(url).post(BACKCHANNEL_LOGOUT).type('form').send('logout_token=a&b=1&b=2'),
    (url) => request(url).post(BACKCHANNEL_LOGOUT).send({ logout_token: ended }),
    (url) => request(url).post(BACKCHANNEL_LOGOUT),
  ];
}

/** What frameworks and connections add to any answer. */
const NOT_OURS = ['connection', 'date', 'etag', 'keep-alive', 'x-powered-by'];

function bytesOf({ status, text, headers }: Response): unknown {
  const own = Object.entries(headers as object).filter(([name]) => !NOT_OURS.includes(name));
  return { status, text, headers: Object.fromEntries(own) };
}

/** What rows say, but for times and names that are made at random; their order is open. */
function lasting(events: readonly object[]): readonly string[] {
  const isOpen = (name: string) => ['id', 'occurredAt', 'tokenId'].includes(name);
  return events
    .map((event) => JSON.stringify(Object.entries(event).filter(([name]) => !isOpen(name))))
    .sort();
}

describe('Where its option is not set, a handler', () => {
  const rules = { algorithms: ['ES256'], keys: issuer.key, store: new MemoryRevocationStore() };

  it.each([
    ['introspect', '"introspectionCallers" must be a list of callers where introspect is used'],
    [
      'backchannelLogout',
      '"backchannel" must be set for an issuer where backchannelLogout is used',
    ],
  ] as const)('%s says so once it is taken, and nothing before', (name, sentence) => {
    for (const create of [forExpress, forFastify]) {
      const revocation = create(rules as unknown as RevocationOptions);
      expect(() => revocation[name]).toThrow(TypeError);
      expect(() => revocation[name]).toThrow(sentence);
    }
  });

  it('is there by the option of any of several issuers', () => {
    const { store, ...one } = rules;
    const another = new TestIssuer('ES256');
    const issuers = [
      { ...one, keys: another.key, issuer: 'https://one.example', audience: null },
      { ...one, issuer: ISSUER, audience: null, backchannel: BACKCHANNEL },
    ];
    const revocation = forExpress({ store, issuers } as unknown as RevocationOptions);
    expect(revocation.backchannelLogout).toBeInstanceOf(Function);
  });
});

describe('A bad option of these routes', () => {
  it.each([
    [{ introspectionCallers: [] }, '"introspectionCallers" must be a list of 1 to 100 callers'],
    [{ introspectionLimit: 0 }, '"introspectionLimit" must be a whole number of requests from 1'],
    [{ issuer: null }, '"issuer" must be'],
  ])('%j stops the boot', async (bad, sentence) => {
    const start = PlainHost.express({ issuer, options: { ...options, ...bad } });
    await expect(start).rejects.toThrow(sentence);
  });
});
