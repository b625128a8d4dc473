import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { assertAnswer, assertDocumented, DOCUMENTED, HttpClient } from '../harness/http-client.mjs';
import { assertRefusedOnRoute, proveLogoutOf } from '../harness/logout-proofs.mjs';
import { rawRequest } from '../harness/raw-request.mjs';
import { signToken } from '../harness/sign-token.mjs';

const LOGOUT = '/api/v1/auth/logout';
const PAGE = 'https://page.example';
const LIMIT = 30;

/** Serves one of the applications that shape requests before our route has them. */
const serve = (main) => (host, withApp) =>
  host.serve(main, {}, (url) => withApp({ host, client: new HttpClient(url) }));

const tokenOf = ({ env }, claims) => signToken(env.JWT_SECRET, claims);

const logsOut = ({ host, client }) => proveLogoutOf(tokenOf(host), client);

async function logsOutByCookie({ host, client }) {
  const headers = [['Cookie', `theme=dark; access_token=${tokenOf(host)}`]];
  const ask = (method, path, body) => rawRequest(client.url, method, path, { headers, body });
  assertAnswer(await ask('GET', '/me'), { status: 200, body: '{"user":"ada"}' });
  assertDocumented(await ask('POST', LOGOUT, '{}'), DOCUMENTED.loggedOut);
  // The cookie was taken away, so there was nothing to copy.
  assertDocumented(await ask('GET', '/me'), DOCUMENTED.refused, { 'www-authenticate': 'Bearer' });
}

const logsOutAtOldAddress = ({ host, client }) =>
  proveLogoutOf(tokenOf(host), new HttpClient(client.url, { logout: '/old/logout' }));

async function logsOutWithAxios({ host, client }) {
  const require = createRequire(join(host.folder, 'package.json'));
  const { default: axios } = require('axios');
  for (const parameters of [[], [null], [''], [{}]]) {
    const token = tokenOf(host);
    const headers = { Authorization: `Bearer ${token}` };
    const [body] = parameters;
    const { status, data } = await axios.post(client.url + LOGOUT, body, { headers });
    assert.deepEqual([status, JSON.stringify(data)], Object.values(DOCUMENTED.loggedOut));
    assertRefusedOnRoute(await client.me(token));
  }
}

async function takesTokenOrKey({ host, client }) {
  const [live, lost] = [tokenOf(host), tokenOf(host)];
  await proveLogoutOf(lost, client);
  const expired = tokenOf(host, { iat: 1, exp: 2 });
  const unauthorized = { status: 401, body: '{"message":"Unauthorized","statusCode":401}' };
  const key = [['X-API-Key', host.env.API_KEY]];
  const ask = (token, headers) =>
    rawRequest(client.url, 'GET', '/report', {
      headers: token === undefined ? headers : [['Authorization', `Bearer ${token}`], ...headers],
    });
  assertAnswer(await ask(live, []), { status: 200, body: '{"user":"ada"}' });
  for (const token of [undefined, lost, expired]) {
    assertAnswer(await ask(token, key), { status: 200, body: '{"user":"nightly report"}' });
    assertAnswer(await ask(token, []), unauthorized);
  }
}

async function describesLogout({ client }) {
  const { paths } = JSON.parse((await client.get('/docs-json')).body);
  assert.deepEqual(Object.keys(paths[LOGOUT]), ['post']);
  const { responses, security, requestBody } = paths[LOGOUT].post;
  assert.ok('200' in responses && '401' in responses && !('201' in responses));
  assert.deepEqual(security, [{ bearer: [] }]);
  assert.ok('application/json' in requestBody.content);
}

/** What a page sends that is refused, by the status. */
const REFUSED = {
  400: { body: '{"a' },
  413: { body: JSON.stringify({ token: 'x'.repeat(20_000) }) },
  415: { body: 'a=b', type: 'application/x-www-form-urlencoded' },
  401: { body: '{}' },
};

async function letsPagesReadRefusals({ host, client }) {
  const ask = async (status, { headers = [], ...given }) => {
    const options = { ...given, headers: [['Origin', PAGE], ...headers] };
    const answer = await rawRequest(client.url, 'POST', LOGOUT, options);
    assert.equal(answer.status, Number(status), answer.body);
    assert.equal(answer.headers.get('access-control-allow-origin'), PAGE, `on ${status}`);
    return answer;
  };
  const unlucky = tokenOf(host, { sub: 'unlucky' });
  await ask(500, { body: '{}', headers: [['Authorization', `Bearer ${unlucky}`]] });
  const answers = {};
  for (const [status, given] of Object.entries(REFUSED)) answers[status] = await ask(status, given);
  assertExposes(answers[401], 'www-authenticate');
  for (let count = 0; count < LIMIT; count += 1) await client.logoutWith('{}');
  assertExposes(await ask(429, { body: '{}' }), 'retry-after');
}

function assertExposes({ headers }, name) {
  assert.ok(headers.has(name));
  const exposed = headers.get('access-control-expose-headers') ?? '';
  assert.ok(exposed.toLowerCase().split(', ').includes(name), `${exposed} lacks ${name}`);
}

const PROOFS = {
  'B04: a logout by a cookie alone works, which main.ts copies into the header': logsOutByCookie,
  'B69: so does a logout at an address that main.ts rewrites': logsOutAtOldAddress,
  'B38: so does axios.post(url), also with null, an empty text or an empty object':
    logsOutWithAxios,
  "B55: AuthGuard(['logout-jwt', 'api-key']) takes a live token, or else the key": takesTokenOrKey,
  'B64: the OpenAPI document has the logout with its statuses, bearer and body': describesLogout,
  // The last one: it spends the limit of this address.
  'B22: pages of another origin can read each refusal, and how long to wait': letsPagesReadRefusals,
};

export const shapedApps = [
  { name: 'on Express', serve: serve('dist/shaped/main-express.js'), proofs: PROOFS },
  { name: 'on Fastify', serve: serve('dist/shaped/main-fastify.js'), proofs: PROOFS },
  {
    name: 'with a parser on its own Express application',
    serve: serve('dist/parsed-by-application.js'),
    proofs: { 'B03: the logout works where the host has read the body': logsOut },
  },
  {
    name: 'as a function of a platform',
    serve: serve('dist/parsed-by-platform.js'),
    proofs: { 'B03: the logout works where the platform has read the body': logsOut },
  },
];
