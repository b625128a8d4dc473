import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assertAnswer, assertDocumented, DOCUMENTED, HttpClient } from '../harness/http-client.mjs';
import { assertRefusedOnRoute, proveLogoutOf } from '../harness/logout-proofs.mjs';
import { quoting } from '../harness/quoting.mjs';
import { until } from '../harness/until.mjs';
import { changedLines, composeTrees, treesOf } from '../tutorial/trees.mjs';
import { withProvider } from './provider.mjs';
import { COGNITO, cognitoTokens, KEYCLOAK, keycloakTokens } from './tokens.mjs';

export const title = 'Nest 11, Keycloak and Cognito';

/** It has the same scaffold. */
export const shared = 'tutorial-nest11';

export const packages = ['@nestjs/common', '@nestjs/core', '@nestjs/passport', 'typeorm'];

const ANNOUNCE = fileURLToPath(new URL('../harness/announce.mjs', import.meta.url));
const UNAUTHORIZED = { status: 401, body: '{"message":"Unauthorized","statusCode":401}' };
const API = 'https://api.example';

/** The list of docs/issuers.md, and what a test has in place of its addresses. */
const bothIssuers = {
  sample: 'issuers: [',
  addresses: [
    ["'https://sso.example'", "process.env.KEYCLOAK_URL ?? ''"],
    // A test cannot reach Amazon: the `iss` stays its own, and the keys come from this machine.
    [/cognito\(.*\)/, (preset) => `{ ...${preset}, jwksUri: process.env.COGNITO_JWKS_URI }`],
  ],
};

async function proveBesideOwnGuard(client, { name, access }) {
  const [lost, kept] = [access(), access()];
  const assertLetIn = async (token) => {
    const { status, body } = await client.me(token);
    assert.deepEqual({ status, name: JSON.parse(body).name }, { status: 200, name });
  };
  await assertLetIn(lost);
  assertDocumented(await client.logout(lost), DOCUMENTED.loggedOut);
  assertAnswer(await client.me(lost), UNAUTHORIZED);
  await assertLetIn(kept);
}

/** Neither our guard nor the logout takes these tokens, and the audit says why of each. */
async function proveRefused({ client, database }, { refused }) {
  const reasons = async () => {
    const rows = await database.query(`
      SELECT reason FROM auth_events WHERE event = 'authn_token_revoked' AND outcome = 'failure'
      ORDER BY occurred_at`);
    return rows.map(({ reason }) => reason);
  };
  const { length: before } = await reasons();
  const expected = Object.keys(refused);
  for (const token of Object.values(refused)) {
    assertRefusedOnRoute(await client.me(token));
    assertRefusedOnRoute(await client.logout(token));
  }
  const after = before + expected.length;
  await until('the audit has each of them', async () => (await reasons()).length === after);
  assert.deepEqual((await reasons()).slice(before), expected);
}

async function proveRotation({ client, keycloak }) {
  const { access } = keycloakTokens(keycloak);
  const signedBefore = access();
  keycloak.rotate();
  await proveLogoutOf(access(), client);
  assert.equal((await client.me(signedBefore)).status, 200);
}

/** `lines`: how many the application may add or change, to import the module and elsewhere. */
const CHAPTERS = {
  'own-guard': {
    title: 'its own guard with jwks-rsa',
    ...bothIssuers,
    lines: { module: 12, others: 0 },
    proofs: {
      'a token of Keycloak: 200, logout 200, 401 in its own words, another lives on': (app) =>
        proveBesideOwnGuard(app.client, keycloakTokens(app.keycloak)),
      'a token of Cognito: 200, logout 200, 401 in its own words, another lives on': (app) =>
        proveBesideOwnGuard(app.client, cognitoTokens(app.cognito)),
    },
  },
  'our-guard': {
    title: 'our guard in its place',
    base: ['own-guard'],
    ...bothIssuers,
    lines: { module: 12, others: 1 },
    proofs: {
      'an access token of Keycloak is accepted until its logout': (app) =>
        proveLogoutOf(keycloakTokens(app.keycloak).access(), app.client),
      'an access token of Cognito is accepted until its logout': (app) =>
        proveLogoutOf(cognitoTokens(app.cognito).access(), app.client),
      'of Keycloak, an ID token, a refresh token and one of another client are refused': (app) =>
        proveRefused(app, keycloakTokens(app.keycloak)),
      'of Cognito, an ID token, a refresh token and one of another client are refused': (app) =>
        proveRefused(app, cognitoTokens(app.cognito)),
      'Keycloak changes its key: tokens of both are accepted, without a restart': proveRotation,
    },
  },
  discovery: {
    title: 'a scaffold without a guard, by discovery',
    sample: 'discovery: true',
    addresses: [["'https://login.example'", "process.env.ISSUER ?? ''"]],
    lines: { module: 10, others: 9 },
    proofs: {
      'an access token for this API is accepted until its logout': (app) =>
        proveLogoutOf(keycloakTokens(app.keycloak).access({ aud: [API, 'account'] }), app.client),
      'one for another API is refused': async (app) =>
        assertRefusedOnRoute(await app.client.me(keycloakTokens(app.keycloak).access())),
    },
  },
};

/** What the sample in the packed docs/issuers.md imports, and its options beside `store`. */
function sampleOf(folder, { sample, addresses }) {
  const page = readFileSync(join(folder, 'node_modules/nestjs-logout/docs/issuers.md'), 'utf8');
  const samples = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, text]) => text);
  const text = samples.find((each) => each.includes(sample));
  let [, rules] = /^ {2}store,\n([^]*?)^\}\);$/m.exec(text);
  for (const [address, ours] of addresses) {
    assert.ok(rules.match(address), `docs/issuers.md has no ${address}`);
    rules = rules.replace(address, ours);
  }
  return { rules, imports: text.match(/^import .* from 'nestjs-logout\/issuers';$/gm) };
}

const chapters = Object.entries(CHAPTERS);

const drop = ({ title, lines: { module, others } }) =>
  `${title}: README and docs/issuers.md to the letter: at most ${module} lines to import the ` +
  `module, ${others} elsewhere, and no key`;

export const proofs = {
  ...Object.fromEntries(
    chapters.map(([name, chapter]) => [
      drop(chapter),
      ({ folder }) => {
        const { rules, imports } = sampleOf(folder, chapter);
        assert.doesNotMatch(rules, /keys|secret/i);
        composeTrees(folder, name, { base: chapter.base, rules, imports }, false);
        const { module, others } = changedLines(folder, name);
        const { lines } = chapter;
        assert.ok(
          module <= lines.module && others <= lines.others,
          `${module} and ${others} lines`,
        );
      },
    ]),
  ),

  'compile, before and after': async (host) => {
    const before = treesOf(host.folder, 'own-guard').plain;
    const after = chapters.map(([name]) => treesOf(host.folder, name).ours);
    for (const tree of [before, ...after])
      await host.run(['node_modules/.bin/tsc', '-p', `${tree}/tsconfig.build.json`]);
  },
};

/** Serves a chapter with its database, and both providers, on ports of this machine. */
const serve = (name) => (host, withApp) =>
  withProvider(KEYCLOAK, (keycloak) =>
    withProvider(COGNITO, (cognito) =>
      host.databases.using((database) => {
        const env = {
          DATABASE_URL: database.url,
          KEYCLOAK_URL: keycloak.url,
          COGNITO_JWKS_URI: cognito.jwksUri,
          ISSUER: keycloak.issuer,
          NODE_OPTIONS: `--import=${ANNOUNCE}`,
        };
        const main = `${treesOf(host.folder, name).ours}/dist/main.js`;
        return host.serve(main, env, (url, program) => {
          const client = new HttpClient(url, { me: '/profile' });
          return withApp({ client, keycloak, cognito, database, program });
        });
      }),
    ),
  );

export const apps = chapters.map(([name, chapter]) => ({
  name: chapter.title,
  serve: serve(name),
  proofs: Object.fromEntries(
    Object.entries(chapter.proofs).map(([promise, prove]) => [
      promise,
      (app) => quoting(app.program, () => prove(app)),
    ]),
  ),
}));
