import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { assertAnswer, HttpClient } from './http-client.mjs';

const LOGGED_OUT = { status: 200, body: '{"message":"Logged out successfully"}' };
const NO_LIVE_TOKEN = { status: 400, body: '{"error":"Invalid token"}' };
const GRANTED = { status: 200, body: '{"message":"Access granted"}' };
const NOT_AUTHENTICATED = { status: 401, body: '{"error":"Invalid token"}' };

/**
 * What a plain application of a framework shows, without Nest.
 * @param framework the name of its package, and of our entry for it.
 */
export const plainProofs = (framework) => ({
  'compiles against our declarations without skipLibCheck': (host) =>
    host.run(['npm', 'run', 'build']),

  'refuses a token once it is logged out': (host) =>
    host.serve('dist/main.js', {}, async (url) => {
      const client = new HttpClient(url, { me: '/protected' });
      const logout = (token) =>
        client.request('POST', '/logout', { body: JSON.stringify({ token }) });
      const [lost, kept] = [tokenOfAda(host), tokenOfAda(host)];
      assertAnswer(await client.me(lost), GRANTED);
      assertAnswer(await logout(lost), LOGGED_OUT);
      assertAnswer(await client.me(lost), NOT_AUTHENTICATED);
      assertAnswer(await logout(lost), NO_LIVE_TOKEN);
      assertAnswer(await client.me(kept), GRANTED);
      assertAnswer(await client.request('POST', '/logout', { body: '{' }), NO_LIVE_TOKEN);
    }),

  'installs what the framework needs and what this face loads, and not one package more': async (
    host,
  ) => {
    const list = ['npm', 'ls', '--omit=dev', '--all'];
    const folders = (await host.run([...list, '--parseable'])).trim().split('\n').slice(1);
    const { dependencies } = JSON.parse(await host.run([...list, '--json']));
    const ofFramework = new Set(namesIn({ [framework]: dependencies[framework] }));
    const brought = folders.map(packageOf).filter((name) => !ofFramework.has(name));
    assert.deepEqual(brought.sort(), ['@opentelemetry/api', 'lru-cache', 'nestjs-logout']);

    const files = JSON.parse(await host.run([process.execPath, '-e', loadedBy(framework)]));
    assert.deepEqual([...new Set(files.map(packageOf))].sort(), brought);
  },
});

/** Prints every file that our entries load. */
const loadedBy = (framework) => `
  for (const entry of ['${framework}', 'memory']) require('nestjs-logout/' + entry);
  console.log(JSON.stringify(Object.keys(require.cache)));`;

/** The package that a path below `node_modules` belongs to. */
const packageOf = (path) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)[1];

/** The names of a tree of `npm ls --json`; what is optional and not installed has no version. */
const namesIn = (dependencies = {}) =>
  Object.entries(dependencies)
    .filter(([, { version }]) => version !== undefined)
    .flatMap(([name, { dependencies: own }]) => [name, ...namesIn(own)]);

/** A token as any issuer could sign it. */
function tokenOfAda(host) {
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const iat = Math.floor(Date.now() / 1000);
  const claims = { sub: 'ada', jti: randomUUID(), iat, exp: iat + 600 };
  const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  const signature = createHmac('sha256', host.env.JWT_SECRET).update(input).digest('base64url');
  return `${input}.${signature}`;
}
