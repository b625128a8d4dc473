import type { Test } from 'supertest';
import { auditOf } from '../../support/audit';
import { freePort } from '../../support/free-port';
import {
  BACKCHANNEL,
  BACKCHANNEL_LOGOUT,
  logoutClaims,
  logoutToken,
} from '../../support/logout-tokens';
import { PublishedIssuer, sendJson } from '../../support/published-issuer';
import { DOCUMENTED, PLATFORMS, TestApp } from '../../support/app';
import { sessionOptions } from '../../support/sessions';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';
import { until } from '../../support/until';
import { RevokedTokensService } from '../../../src';

const LIMIT = 5;
/** No server listens there. */
const AWAY = 'http://127.0.0.1:1';
const ONLY = { issuer: AWAY, audience: AUDIENCE, jwksUri: `${AWAY}/jwks` };
const METADATA = '/.well-known/openid-configuration';
const stranger = new TestIssuer('ES256');
const withoutKeys = { algorithms: undefined, keys: undefined, issuer: undefined } as const;

/** A host whose tokens are of these issuers, by addresses alone. */
function startHost(platform: (typeof PLATFORMS)[number], issuers: readonly object[]) {
  const common = { ...withoutKeys, audience: undefined, issuers };
  return TestApp.start(platform, common as never);
}

describe.each(PLATFORMS)('A host with issuers that publish their keys, on %s', (platform) => {
  let discovered: PublishedIssuer;
  let addressed: PublishedIssuer;
  let app: TestApp;

  beforeAll(async () => {
    discovered = await PublishedIssuer.start('ES256');
    addressed = await PublishedIssuer.start('RS256');
    app = await startHost(platform, [
      { issuer: discovered.url, audience: AUDIENCE, discovery: true },
      { issuer: addressed.url, audience: AUDIENCE, jwksUri: addressed.jwksUri },
    ]);
  });
  afterAll(async () => {
    await app.close();
    await Promise.all([discovered.close(), addressed.close()]);
  });

  it('accepts their tokens, and refuses them after a logout', async () => {
    for (const issuer of [discovered, addressed]) {
      const token = issuer.token();
      await app.me(token).expect(200);
      await app.logout(token, token).expect(200, DOCUMENTED.loggedOut);
      await app.me(token).expect(401);
    }
  });

  it('accepts the tokens of a new key at once, and asks once for many with unknown keys', async () => {
    const older = discovered.token();
    discovered.rotate();
    const asked = discovered.asked.length;
    await app.me(discovered.token()).expect(200);
    await app.me(older).expect(200);
    const forged = Array.from({ length: 200 }, (_, at) =>
      discovered.token({}, { kid: `no-${at}` }),
    );
    for (const answer of await Promise.all(forged.map(async (text) => app.me(text))))
      expect(answer.status).toBe(401);
    expect(discovered.asked.slice(asked)).toEqual([METADATA, '/jwks']);
  });

  it('audits reuse of a genuine token alone: who has no key writes no row', async () => {
    const token = discovered.token({ jti: 'reused' });
    await app.logout(token, token).expect(200);
    const [, payload] = token.split('.');
    for (const header of [{ alg: 'ES256', kid: 'unknown' }, { alg: 'ES256' }]) {
      const head = Buffer.from(JSON.stringify(header)).toString('base64url');
      await app.me(`${head}.${payload}.AAAA`).expect(401);
    }
    const events = async () =>
      (await auditOf(app)).filter(({ tokenId }) => tokenId === 'reused').map(({ event }) => event);
    expect(await events()).toEqual(['authn_token_revoked']);
    await app.me(token).expect(401);
    expect(await events()).toEqual(['authn_token_reuse', 'authn_token_revoked']);
  });

  it('refuses what one of them has signed in the name of the other', async () => {
    await app.me(addressed.token({ iss: discovered.url })).expect(401);
    await app.me(discovered.token({ iss: addressed.url })).expect(401);
  });
});

describe('An application with one issuer, which cannot be reached,', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start('express', { ...withoutKeys, ...ONLY });
  });
  afterAll(() => app.close());

  it('refuses the tokens of others, and has 500 for its own alone', async () => {
    await app.me(stranger.token({ iss: AWAY }, { kid: '1' })).expect(500, DOCUMENTED.internal);
    for (const iss of ['https://evil.example', `${AWAY}/`, undefined])
      await app.me(stranger.token({ iss }, { kid: '1' })).expect(401);
  });
});

describe('Keys that are at another address now, while the old one still answers', () => {
  let provider: PublishedIssuer;
  let app: TestApp;
  let cacheControls: unknown[];
  beforeEach(async () => {
    cacheControls = [];
    provider = await PublishedIssuer.start('ES256');
    const { url: issuer } = provider;
    const rules = { issuer, audience: AUDIENCE, discovery: true, backchannel: BACKCHANNEL };
    app = await TestApp.start('express', { ...withoutKeys, ...rules });
    const before = provider.jwks();
    provider.rotate();
    provider.answersWith(({ url, headers }, response) => {
      cacheControls.push(headers['cache-control']);
      const metadata = { issuer, jwks_uri: `${issuer}/moved` };
      if (url === METADATA) sendJson(response, metadata);
      else sendJson(response, url === '/moved' ? provider.jwks() : before);
    });
  });
  afterEach(async () => {
    await app.close();
    await provider.close();
  });

  it('are found for a bearer that they have signed', async () => {
    await app.me(provider.token()).expect(200);
    expect(cacheControls).toEqual(['no-cache', 'no-cache']);
  });

  it('are found for a logout token that they have signed', async () => {
    const claims = logoutClaims({ iss: provider.url });
    const text = provider.token(claims, { typ: 'logout+jwt' });
    await app.post(BACKCHANNEL_LOGOUT).type('form').send({ logout_token: text }).expect(200);
  });
});

describe('A token that is handed in to be revoked', () => {
  let provider: PublishedIssuer;
  let app: TestApp;
  const start = async (rules: object = {}): Promise<void> => {
    provider = await PublishedIssuer.start('ES256');
    const { url: issuer, jwksUri } = provider;
    const issuers = [{ issuer, audience: AUDIENCE, jwksUri, ...rules }];
    app = await TestApp.start('express', {
      ...{ ...withoutKeys, audience: undefined, issuers },
      sessions: sessionOptions(),
    } as never);
  };
  afterEach(async () => {
    await app.close();
    await provider.close();
  });
  const revoke = (token: string): Test =>
    app.post('/api/v1/auth/revoke').type('form').send({ token });
  const forged = (header: object = { kid: 'unknown' }): string =>
    stranger.token({ iss: provider.url }, { ...header });

  it('is not passed over while its key is not known yet: it is 503, and 200 once it is revoked', async () => {
    await start();
    await revoke(forged()).expect(200);
    provider.rotate();
    const token = provider.token();
    await revoke(token).expect(503).expect('Retry-After', '1');
    await app.me(token).expect(200);
    await revoke(token).expect(200);
    await app.me(token).expect(401);
  });

  describe('and that is a refresh token by its typ, and names no key,', () => {
    const verdictOn = async (refresh: string): Promise<string> => {
      const tokens = app.nest.get(RevokedTokensService);
      return (await tokens.authenticate(refresh, { use: 'refresh' })).verdict;
    };
    const refreshToken = (): string => provider.token({}, { typ: 'rt+jwt', kid: undefined });
    beforeEach(() => start({ refreshTokens: { types: ['rt+jwt'] } }));

    it('is revoked with a new key, also where forged bearers have just asked for that', async () => {
      await app.me(forged({})).expect(401);
      provider.rotate();
      const refresh = refreshToken();
      await revoke(refresh).expect(200);
      expect(await verdictOn(refresh)).toBe('revoked');
    });

    it('is not passed over either', async () => {
      await revoke(forged({})).expect(200);
      await app.me(forged({})).expect(401);
      provider.rotate();
      await revoke(refreshToken()).expect(503).expect('Retry-After', '1');
    });
  });

  it('uses up nothing that a logout of the provider needs, which may be sent only once', async () => {
    await start({ backchannel: BACKCHANNEL });
    await revoke(forged()).expect(200);
    await revoke(forged()).expect(503);
    provider.rotate();
    const claims = logoutClaims({ iss: provider.url });
    const text = provider.token(claims, { typ: 'logout+jwt' });
    await app.post(BACKCHANNEL_LOGOUT).type('form').send({ logout_token: text }).expect(200);
  });

  it('is not in doubt where it has expired: no key would make it good', async () => {
    await start();
    await revoke(forged()).expect(200);
    const iat = Math.floor(Date.now() / 1000) - 7200;
    const claims = { iss: provider.url, iat, exp: iat + 3600 };
    await revoke(stranger.token(claims, { kid: 'withdrawn' })).expect(200);
    await revoke(forged()).expect(503);
  });

  it('is asked about once, though it may be an access or a refresh token', async () => {
    await start({ refreshTokens: { claim: { name: 'kind', value: 'refresh' } } });
    const before = provider.asked.length;
    await revoke(forged()).expect(200);
    expect(provider.asked.length - before).toBe(1);
  });
});

describe('A flood in the name of an issuer that cannot be reached', () => {
  it.each<[string, (app: TestApp) => Test]>([
    ['logouts', (app) => app.logout(stranger.token({ iss: AWAY }))],
    [
      'logout tokens',
      (app) =>
        app
          .post(BACKCHANNEL_LOGOUT)
          .type('form')
          .send({ logout_token: logoutToken(stranger, { iss: AWAY }) }),
    ],
  ])('is throttled as any other: %s', async (_what, send) => {
    const limits = { backchannel: BACKCHANNEL, throttleLimit: LIMIT };
    const app = await TestApp.start('express', { ...withoutKeys, ...ONLY, ...limits });
    const statuses: number[] = [];
    for (let count = 0; count < 2 * LIMIT; count += 1) statuses.push((await send(app)).status);
    await app.close();
    expect(new Set(statuses.slice(0, LIMIT))).not.toContain(429);
    expect(statuses.slice(LIMIT)).toEqual(Array(LIMIT).fill(429));
  });
});

describe('An issuer that cannot be reached', () => {
  let port: number;
  let issuer: PublishedIssuer | undefined;
  let app: TestApp;

  beforeAll(async () => {
    port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    app = await startHost('express', [
      { issuer: url, audience: AUDIENCE, discovery: true },
      { issuer: ISSUER, audience: AUDIENCE, algorithms: ['ES256'], keys: stranger.key },
    ]);
  });
  afterAll(async () => {
    await app.close();
    await issuer?.close();
  });

  it('leaves the tokens of others alone, while its own get 500, and the instance is not ready', async () => {
    const text = new TestIssuer('ES256').token({ iss: `http://127.0.0.1:${port}` }, { kid: '1' });
    await app.me(text).expect(500, DOCUMENTED.internal);
    await app.logout(text, text).expect(500, DOCUMENTED.internal);
    const token = stranger.token();
    await app.me(token).expect(200);
    await app.logout(token, token).expect(200);
    const { isReady, issuersWithoutKeys } = await app.nest.get(RevokedTokensService).readiness();
    expect({ isReady, issuersWithoutKeys }).toEqual({
      isReady: false,
      issuersWithoutKeys: [`http://127.0.0.1:${port}`],
    });
  });

  it('is asked until it answers; then its tokens are accepted, and the instance is ready', async () => {
    issuer = await PublishedIssuer.start('ES256', port);
    const token = issuer.token();
    await until(async () => (await app.me(token)).status === 200);
    const { isReady, issuersWithoutKeys } = await app.nest.get(RevokedTokensService).readiness();
    expect({ isReady, issuersWithoutKeys }).toEqual({ isReady: true, issuersWithoutKeys: [] });
  });
});
