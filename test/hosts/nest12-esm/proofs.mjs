import assert from 'node:assert/strict';
import {
  ADA,
  assertRefusedOnRoute,
  assertRemembers,
  proveLogout,
} from '../harness/logout-proofs.mjs';
import { assertAnswer, assertDocumented, DOCUMENTED, HttpClient } from '../harness/http-client.mjs';

export const title = 'Nest 12, ES modules';

export const packages = ['@nestjs/common', '@nestjs/core', '@nestjs/passport', 'typeorm'];

/** Serves an application with a fresh database. */
const withApp = (host, file, work) =>
  host.databases.using((database) =>
    host.serve(file, { DATABASE_URL: database.url }, (url) => work(url, database)),
  );

const ownSecurity = (host, work) =>
  withApp(host, 'dist/own-security/main.js', (url) => work(new HttpClient(url)));

/** What `AuthGuard` of Nest answers where every strategy has failed. */
const unauthorized = { status: 401, body: '{"message":"Unauthorized","statusCode":401}' };

export const proofs = {
  'compiles against our declarations without skipLibCheck': (host) =>
    host.run(['npm', 'run', 'build']),

  'refuses a token once it is logged out, also after a restart': (host) =>
    host.databases.using(async ({ url }) => {
      const serve = (work) =>
        host.serve('dist/plain/main.js', { DATABASE_URL: url }, (at) => work(new HttpClient(at)));
      const tokens = await serve((client) => proveLogout(client));
      await serve((client) => assertRemembers(client, tokens));
    }),

  'beside its own users and login: they stay its own, and their tokens can be logged out': (host) =>
    ownSecurity(host, async (client) => {
      const stranger = JSON.stringify({ user: 'ada', password: 'guessed' });
      const denied = await client.request('POST', '/login', { body: stranger });
      assert.equal(denied.status, 401);
      const me = '{"name":"ada","role":"engineer"}';
      const { lost, kept } = await proveLogout(client, me);
      assertAnswer(await client.get('/account', kept), { status: 200, body: me });
      assertAnswer(await client.get('/account', lost), unauthorized);
    }),

  'beside its own "jwt" strategy: each guards its own routes by its own rules': (host) =>
    ownSecurity(host, async (client) => {
      const ours = await client.login(ADA);
      const partners = await client.login({ user: 'acme' }, '/login/partner');
      const orders = { status: 200, body: '{"partner":"acme"}' };
      assertAnswer(await client.get('/orders', partners), orders);
      assertAnswer(await client.get('/orders', ours), unauthorized);
      assertRefusedOnRoute(await client.me(partners));
    }),

  'beside its own throttler: its limit of 6 stays 6, and a request counts once': (host) =>
    ownSecurity(host, async (client) => {
      for (let left = 5; left >= 0; left -= 1) {
        const answer = await client.get('/prices');
        assertAnswer(answer, { status: 200, body: '{"tea":3}' });
        assert.equal(answer.headers.get('x-ratelimit-limit'), '6');
        assert.equal(answer.headers.get('x-ratelimit-remaining'), String(left));
      }
      assertAnswer(await client.get('/prices'), {
        status: 429,
        body: '{"statusCode":429,"message":"ThrottlerException: Too Many Requests"}',
      });
    }),

  'beside its own throttler: ours keeps its limit of 4 on the logout': (host) =>
    ownSecurity(host, async (client) => {
      for (let count = 1; count <= 4; count += 1)
        assertAnswer(await client.logoutWith('{}'), DOCUMENTED.refused);
      const refused = await client.logoutWith('{}');
      assertDocumented(refused, DOCUMENTED.tooMany);
      assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      assert.equal((await client.get('/prices')).headers.get('x-ratelimit-remaining'), '5');
    }),

  'with two data sources: our tables are in the named one alone, and outlive synchronize': (host) =>
    host.databases.using((own) =>
      host.databases.using(async (security) => {
        const env = { DATABASE_URL: own.url, SECURITY_DATABASE_URL: security.url };
        const serve = (work) =>
          host.serve('dist/two-data-sources/main.js', env, (url) => work(new HttpClient(url)));
        const tokens = await serve((client) => proveLogout(client));
        assert.deepEqual(await own.tables(), ['notes']);
        await serve((client) => assertRemembers(client, tokens));
        assert.deepEqual(await own.tables(), ['notes']);
        assert.deepEqual(await security.tables(), [
          'auth_events',
          'auth_sessions',
          'nestjs_logout_migrations',
          'replica_instances',
          'revocation_log',
          'revocation_log_snapshots',
          'revoked_tokens',
        ]);
      }),
    ),

  'with a global prefix and URI versions: the logout stands below the prefix, without version': (
    host,
  ) =>
    withApp(host, 'dist/prefix-and-versions/main.js', async (url) => {
      const logout = '/shop/api/v1/auth/logout';
      await proveLogout(
        new HttpClient(url, { login: '/shop/v1/login', me: '/shop/v1/me', logout }),
      );
      await assertNotServed(url, ['/api/v1/auth/logout', '/shop/v1/api/v1/auth/logout']);
    }),

  'with a prefix that excludes the logout: it stands exactly where its contract has it': (host) =>
    withApp(host, 'dist/prefix-and-versions/main-excluded.js', async (url) => {
      const logout = '/api/v1/auth/logout';
      await proveLogout(
        new HttpClient(url, { login: '/shop/v1/login', me: '/shop/v1/me', logout }),
      );
      await assertNotServed(url, ['/shop/api/v1/auth/logout', '/v1/api/v1/auth/logout']);
    }),
};

/** The host's framework answers there, in its own words: our gate does not stand there either. */
async function assertNotServed(url, paths) {
  for (const path of paths) {
    const answer = await new HttpClient(url).request('POST', path, { body: '{}' });
    assert.equal(answer.status, 404, answer.what);
    assert.ok(answer.body.includes(`Cannot POST ${path}`), answer.body);
  }
}
