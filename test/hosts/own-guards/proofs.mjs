import assert from 'node:assert/strict';
import { ownGuardApp } from '../harness/own-guard-proofs.mjs';
import { cookieSpellings, headerSpellings, signedCookie } from '../harness/spellings.mjs';

const credentials = { username: 'john', password: 'changeme' };
const passportUser = { userId: 1, username: 'john' };
const claims = { sub: 1, username: 'john' };
const unauthorized = { status: 401, body: '{"message":"Unauthorized","statusCode":401}' };

const inHeader = {
  login: { path: '/login', credentials, status: 201 },
  profile: '/profile',
  tokenFrom: ({ body }) => JSON.parse(body).access_token,
  carry: (token) => [['Authorization', `Bearer ${token}`]],
  spellings: headerSpellings,
  granted: passportUser,
  refused: unauthorized,
};

const inCookie = {
  ...inHeader,
  tokenFrom: ({ headers }) =>
    /^access_token=(?:s:)?([^.]+\.[^.]+\.[^.;]+)/.exec(
      decodeURIComponent(headers.get('set-cookie')),
    )[1],
  carry: (token) => [['Cookie', `access_token=${token}`]],
  spellings: (token, { env }) => cookieSpellings('access_token', token, env.COOKIE_SECRET),
};

const passportTutorial = {
  ...inHeader,
  main: 'dist/passport-tutorial/main.js',
  login: { path: '/auth/login', credentials, status: 201 },
  mustAccept: ['a scheme in capitals', 'several blanks after the scheme', 'a word behind'],
};

const authenticationChapter = {
  ...inHeader,
  main: 'dist/authentication-chapter/main.js',
  login: { path: '/auth/login', credentials, status: 200 },
  profile: '/auth/profile',
  granted: claims,
  mustAccept: ['the letters that were issued', 'another token behind'],
};

const expressJwt = {
  ...inHeader,
  main: 'dist/express-jwt/main.js',
  granted: claims,
  refused: { status: 401, body: '{"error":"credentials_required"}' },
  mustAccept: ['the letters that were issued', 'a scheme in small letters'],
};

const fastJwt = {
  ...inHeader,
  main: 'dist/fast-jwt/main.js',
  granted: claims,
  refused: {
    status: 401,
    body: '{"message":"Please log in","error":"Unauthorized","statusCode":401}',
  },
  mustAccept: ['the loose last bits of the signature set', 'seven other letters ahead'],
};

const copiedCookie = {
  ...inCookie,
  main: 'dist/cookies/main-copied.js',
  mustAccept: ['percent-encoded dots', 'quotes', 'JSON with escaped dots'],
};

const readCookie = {
  ...inCookie,
  main: 'dist/cookies/main-read.js',
  mustAccept: ['percent-encoded dots', 'quotes', 'JSON with escaped dots'],
};

const signedCookies = {
  ...inCookie,
  main: 'dist/cookies/main-signed.js',
  carry: (token, { env }) => [
    ['Cookie', `access_token=${encodeURIComponent(signedCookie(token, env.COOKIE_SECRET))}`],
  ],
  mustAccept: ['a signature', 'a signed cookie with every character percent-encoded'],
};

const jwtOrApiKey = {
  ...inHeader,
  main: 'dist/jwt-or-api-key/main.js',
  mustAccept: ['a scheme in capitals', 'several blanks after the scheme', 'a word behind'],
};

export const proofs = {
  'compiles as it stands': (host) => host.run(['npm', 'run', 'build']),
};

const letsApiKeyIn = async ({ client }) => {
  const lost = await client.loggedOut();
  const key = ['X-API-Key', client.host.env.API_KEY];
  for (const headers of [[key], [...client.carry(lost), key]]) {
    const { status, body } = await client.profile(headers);
    assert.deepEqual({ status, body }, { status: 200, body: '{"client":"nightly report"}' });
  }
};

export const apps = [
  ownGuardApp('the Passport tutorial', passportTutorial),
  ownGuardApp('the Authentication chapter', authenticationChapter),
  ownGuardApp('express-jwt as a middleware', expressJwt),
  ownGuardApp('fast-jwt on Fastify', fastJwt),
  ownGuardApp('a cookie that main.ts copies into the header', copiedCookie),
  ownGuardApp('a strategy that reads a cookie', readCookie),
  ownGuardApp('a strategy that reads a signed cookie', signedCookies),
  ownGuardApp("AuthGuard(['jwt', 'api-key'])", jwtOrApiKey, {
    'an API key is let in, also beside a token that was logged out': letsApiKeyIn,
  }),
];
