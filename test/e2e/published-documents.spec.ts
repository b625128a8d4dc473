import { Controller, Get } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { generateKeyPairSync, randomBytes, type JsonWebKey } from 'node:crypto';
import { calculateJwkThumbprint, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import request, { type Test } from 'supertest';
import type { SessionOptions } from '../../src/sessions/session-options';
import { LOGOUT, MeController, PLATFORMS } from '../support/app';
import { SessionApp } from '../support/session-app';
import { OWN_ISSUER } from '../support/sessions';

const METADATA = '/.well-known/oauth-authorization-server';
const JWKS = '/api/v1/auth/jwks';
const DOCUMENTS = [JWKS, METADATA];
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

interface Metadata {
  readonly jwks_uri: string;
  readonly revocation_endpoint: string;
}

/** What answers every GET of a host that also serves its web page. */
@Controller()
class PageController {
  @Get('*')
  page(): string {
    return '<html>';
  }
}

describe.each(PLATFORMS)('Of a host that signs with a key pair, on %s,', (platform) => {
  let host: SessionApp;
  type Host = NonNullable<Parameters<typeof SessionApp.start>[3]>;
  const start = async (sessions: Partial<SessionOptions> = {}, set: Host = {}): Promise<void> => {
    const all = { signingKeys: { key: privateKey, kid: 'now' }, ...sessions };
    host = await SessionApp.start(platform, all, { throttleLimit: 2 }, set);
  };
  afterEach(() => host.close());
  const at = (method: 'get' | 'head' | 'post' | 'delete' | 'options', path: string): Test =>
    request(host.app.url)[method](path);
  const documentedPaths = (): string[] =>
    Object.keys(SwaggerModule.createDocument(host.app.nest, new DocumentBuilder().build()).paths);

  it('the keys are a JWK Set without anything private, by which others verify its tokens', async () => {
    const secret = { key: randomBytes(32), kid: 'old' };
    await start({ signingKeys: [{ key: privateKey, kid: 'now' }, secret] });
    const { text, headers } = await at('get', JWKS).expect(200);
    const set = JSON.parse(text) as { keys: JsonWebKey[] };
    expect(headers['content-type']).toBe('application/jwk-set+json; charset=utf-8');
    const { x, y } = publicKey.export({ format: 'jwk' });
    const jwk = { kty: 'EC', crv: 'P-256', x, y, use: 'sig', alg: 'ES256', kid: 'now' };
    expect(set).toEqual({ keys: [jwk] });
    const keys = createLocalJWKSet(set);
    const { access } = await host.login('ada');
    expect((await jwtVerify(access, keys, { issuer: OWN_ISSUER })).payload.sub).toBe('ada');
  });

  it('a key without a kid is called by its thumbprint, in the set and in tokens', async () => {
    await start({ signingKeys: privateKey });
    const { keys } = (await at('get', JWKS).expect(200)).body as { keys: [JsonWebKey] };
    const kid = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }));
    expect(keys).toMatchObject([{ kid }]);
    const login = await host.login();
    expect(decodeProtectedHeader(login.access).kid).toBe(kid);
    expect(await host.areAccepted(login)).toEqual([true]);
  });

  it('the metadata name the issuer, its keys and its endpoints, and no Host of a request', async () => {
    await start();
    const { text, headers } = await at('get', METADATA).set('Host', 'evil.example').expect(200);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(JSON.parse(text)).toEqual({
      issuer: OWN_ISSUER,
      jwks_uri: `${OWN_ISSUER}${JWKS}`,
      revocation_endpoint: `${OWN_ISSUER}/api/v1/auth/revoke`,
      revocation_endpoint_auth_methods_supported: ['none'],
      response_types_supported: [],
      grant_types_supported: [],
    });
  });

  it.each([
    ['https://api.example/', METADATA],
    ['https://api.example/Tenant.1', `${METADATA}/Tenant.1`],
    ['https://api.example/a/b/', `${METADATA}/a/b`],
    ['http://127.0.0.1:3000/a', `${METADATA}/a`],
  ])(
    'the metadata of %s stand at %s, whatever the prefix and the path are',
    async (issuer, path) => {
      const configure: Host['configure'] = (nest) => void nest.setGlobalPrefix('/Api');
      await start({ issuer }, { configure, extras: { path: 'V1/auth' } });
      const { text } = await at('get', path).expect(200);
      const { jwks_uri: keys, revocation_endpoint: revocation } = JSON.parse(text) as Metadata;
      const { origin } = new URL(issuer);
      expect([keys, revocation]).toEqual([
        `${origin}/Api/V1/auth/jwks`,
        `${origin}/Api/V1/auth/revoke`,
      ]);
      // They stand where it says.
      await at('get', new URL(keys).pathname).expect(200);
      await at('post', new URL(revocation).pathname).type('form').send({ token: 'x' }).expect(200);
      await at('get', `${path}x`).expect(404);
      await at('get', `/Api${path}`).expect(404);
      if (path !== METADATA) await at('get', METADATA).expect(404);
      await at('get', path.replace('.well', 'xwell')).expect(404);
    },
  );

  it.each([
    'api',
    'urn:example:api',
    'http://api.example',
    'https://api.example?a',
    'https://api.example/#',
    'https://user@api.example',
    'https://api.example/a//b',
    'https://api.example/:a',
    'https://api.example/%41',
  ])('there are no metadata of %s, and the keys are published', async (issuer) => {
    await start({ issuer });
    await at('get', METADATA).expect(404);
    await at('get', `${METADATA}/a`).expect(404);
    await at('get', JWKS).expect(200);
  });

  it.each(DOCUMENTS)(
    '%s may be cached, read by any page, and is asked for again by its tag',
    async (path) => {
      await start();
      const { headers, text } = await at('get', path).expect(200);
      const common = {
        'cache-control': 'public, max-age=300',
        'access-control-allow-origin': '*',
        'x-content-type-options': 'nosniff',
        etag: expect.stringMatching(/^"[\w-]{43}"$/) as string,
      };
      expect(headers).toMatchObject(common);
      const tag = headers.etag!;
      for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
        const unchanged = await at('get', path).set('If-None-Match', known).expect(304);
        expect(unchanged.text).toBe('');
        expect(unchanged.headers).toMatchObject({ ...common, etag: tag });
      }
      for (const other of ['"x"', tag.slice(1, -1), ''])
        expect((await at('get', path).set('If-None-Match', other).expect(200)).text).toBe(text);
    },
  );

  it.each(DOCUMENTS)('%s answers HEAD as GET, and 405 to other methods', async (path) => {
    await start();
    const { headers } = await at('get', path).expect(200);
    const head = await at('head', path).expect(200);
    expect(head.text).toBeFalsy();
    expect({ ...head.headers, date: '' }).toEqual({ ...headers, date: '' });
    await at('head', path).set('If-None-Match', headers.etag!).expect(304);
    for (const method of ['post', 'delete'] as const)
      await at(method, path).expect(405).expect('Allow', 'GET, HEAD');
    await at('options', path).expect(204).expect('Allow', 'GET, HEAD');
  });

  it('no number of requests for them is too many, or takes a logout from its address', async () => {
    await start();
    for (let count = 0; count < 5; count += 1)
      for (const path of DOCUMENTS) {
        await at('get', path).expect(200);
        await at('post', path).expect(405);
      }
    await at('post', LOGOUT).expect(401);
    await at('post', '/api/v1/auth/refresh').expect(401);
  });

  it('they need no token, and a bearer changes nothing', async () => {
    await start();
    const { access } = await host.login();
    await host.ask('post', '/logout/all', access).expect(200);
    for (const path of DOCUMENTS)
      for (const bearer of [access, 'x', 'x'.repeat(9000)])
        await at('get', path).set('Authorization', `Bearer ${bearer}`).expect(200);
  });

  it('the CORS of the host answers for them, where it does', async () => {
    const configure: Host['configure'] = (nest) => {
      nest.enableCors({ origin: 'https://app.example' });
    };
    await start({}, { configure });
    for (const path of DOCUMENTS)
      await at('get', path)
        .set('Origin', 'https://app.example')
        .expect(200)
        .expect('Access-Control-Allow-Origin', 'https://app.example');
  });

  it('the metadata are there although a page of the host answers all other paths', async () => {
    await start({}, { controllers: [MeController, PageController] });
    expect((await at('get', METADATA).expect(200)).body).toMatchObject({ issuer: OWN_ISSUER });
    await at('get', `${METADATA}/x`).expect(200, '<html>');
  });

  it('documents of the host show the keys', async () => {
    await start();
    expect(documentedPaths()).toContain(JWKS);
  });

  it('with secrets alone there is neither, and documents show none', async () => {
    await start({ signingKeys: [randomBytes(32), { key: randomBytes(32), kid: 'k' }] });
    for (const path of DOCUMENTS)
      for (const method of ['get', 'head', 'post'] as const) await at(method, path).expect(404);
    expect(documentedPaths()).toContain('/api/v1/auth/revoke');
    expect(documentedPaths()).not.toContain(JWKS);
  });
});
