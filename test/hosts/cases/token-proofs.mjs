import assert from 'node:assert/strict';
import { HttpClient } from '../harness/http-client.mjs';
import { assertRefusedOnRoute, proveLogoutOf } from '../harness/logout-proofs.mjs';
import { signToken } from '../harness/sign-token.mjs';

const DAY_SECONDS = 86_400;
const now = Math.floor(Date.now() / 1000);
const noSubject = { sub: undefined };
const noId = { jti: undefined };

/** Parameters that issuers put into the header. */
const HEADERS = {
  'Okta and Cognito, without typ': { typ: undefined },
  'Entra v1': { x5t: 'nOo3ZDrODXEK1jKWhXslHR_KXEg' },
  'Entra for Graph': { x5t: 'nOo3ZDrODXEK1jKWhXslHR_KXEg', nonce: 'AQABAAAA' },
  'IdentityServer and GitHub Actions': { typ: 'at+jwt', x5t: 'g5ZleTFZSqkxwQSbQ8eQFqfoxOE' },
  Oracle: { 'x5t#S256': 'abc', x5t: 'def' },
  Clerk: { cat: 'cl_B7d4PD111AAA' },
  PingFederate: { 'pi.atm': '2' },
  CyberArk: { app_id: 'x' },
};

/** Claims that are accepted as they are. */
const CLAIMS = {
  B02: {
    'an integer sub': { sub: 42 },
    'an integer jti': { jti: 7 },
    'an integer client_id': { client_id: 3 },
    'no iat': { iat: undefined },
    'a fraction in iat and exp': { iat: now - 0.5, exp: now + 600.25 },
    'a life of 30 days': { exp: now + 30 * DAY_SECONDS },
  },
  B24: {
    'Keycloak 24': { sid: 'a316220a', azp: 'web', typ: 'Bearer', session_state: 'a3' },
    'Auth0, from machine to machine': { sub: 'abc@clients', exp: now + 30 * DAY_SECONDS },
    Cognito: { client_id: '3n4b5urk1ft4fl3mg5e62d9ado', token_use: 'access' },
    'Entra with continuous evaluation': { ...noId, uti: 'x', nbf: now, exp: now + 28 * 3600 },
    Firebase: { ...noId, user_id: 'u', auth_time: now, firebase: {} },
    'a user of Supabase': { ...noId, aud: 'authenticated', session_id: 'x' },
    'Ory Hydra': { client_id: 'x', ext: {}, scp: ['a'] },
  },
};

/** Claims that are accepted with the options of `NAMED`, and what is said without those. */
const EXPLAINED = {
  B02: {
    'no sub, but userId': [{ ...noSubject, userId: 42 }, 'sub', 'subjectClaim'],
  },
  B24: {
    'Keycloak 25 without the scope basic': [{ ...noSubject, azp: 'web' }, 'sub', 'subjectClaim'],
    simplejwt: [{ ...noSubject, user_id: 1, token_type: 'access' }, 'sub', 'subjectClaim'],
    'the anonymous key of Supabase': [
      { ...noSubject, ...noId, ref: 'abcdefgh', role: 'anon' },
      'sub',
      'subjectClaim',
    ],
    'Laravel Passport': [
      { sub: '1', aud: '1', iat: now + 0.123 - 1, exp: now + 365.1 * DAY_SECONDS },
      'exp',
      'maxLifetimeSeconds',
    ],
  },
  B30: {
    '155 groups': [{ groups: groups(155) }, undefined, 'maxTokenBytes'],
    '200 groups': [{ groups: groups(200) }, undefined, 'maxTokenBytes'],
  },
};

const NAMED = {
  subjectClaim: ['sub', 'userId', 'user_id', 'azp', 'ref'],
  maxLifetimeSeconds: 400 * DAY_SECONDS,
  maxTokenBytes: 16_384,
  tokenIdentity: 'signed-part',
};

/** What no option accepts: it must be signed otherwise. */
const REFUSED = {
  'no exp': [{ exp: undefined }, 'exp'],
  'exp in milliseconds': [{ exp: Date.now() + 600_000 }, 'exp'],
  'a jti of 200 characters': [{ jti: 'x'.repeat(200) }, 'jti'],
};

function groups(count) {
  return Array.from(
    { length: count },
    (_, at) => `${at}`.padStart(8, '0') + '-1111-2222-3333-444444444444',
  );
}

class Client {
  constructor(url, host, program) {
    this.http = new HttpClient(url);
    this.sign = (claims, header) => signToken(host.env.JWT_SECRET, claims, header);
    this.program = program;
  }

  assertLogsOut(claims, header) {
    return proveLogoutOf(this.sign(claims, header), this.http);
  }

  /** Refused, and the operator is told which claim it is, and which option would accept it. */
  async assertExplained([claims, member, option]) {
    const token = this.sign(claims);
    assertRefusedOnRoute(await this.http.me(token));
    const { body } = await this.http.request('POST', '/explain', {
      body: JSON.stringify({ token }),
    });
    const explanation = JSON.parse(body);
    assert.deepEqual([explanation.member, explanation.option], [member, option], body);
    assert.ok(explanation.remedy.length > 20, body);
  }
}

const serve = (options) => (host, withApp) =>
  host.serve('dist/explaining.js', { OPTIONS: JSON.stringify(options) }, (url, program) =>
    withApp(new Client(url, host, program)),
  );

/** A proof for each member of a table; its failure says which member it was. */
const each = (table, prove) => async (client) => {
  for (const [name, value] of Object.entries(table)) {
    try {
      await prove(client, value);
    } catch (error) {
      throw Object.assign(error, { message: `${name}: ${error.message}` });
    }
  }
};

const logsOut = (client, claims) => client.assertLogsOut(claims);
const logsOutNamed = (client, [claims]) => client.assertLogsOut(claims);
const explains = (client, explained) => client.assertExplained(explained);

const logsWhy = async ({ program }) => {
  for (const line of [
    /Refused, claims: "sub" is absent\. Set subjectClaim: 'userId'/,
    /Refused, lifetime: "exp" is \d+ s after iat\. .*raise maxLifetimeSeconds/,
    /Refused, form: It has \d+ bytes, and maxTokenBytes is 8192: raise it/,
  ])
    assert.match(program.output, line);
};

const repeatedId = { jti: '42' };

const logsOutOneOfSeveral = async (client) => {
  const other = client.sign({ ...repeatedId, device: 'phone' });
  await client.assertLogsOut(repeatedId);
  await proveLogoutOf(other, client.http);
};

export const tokenApps = [
  {
    name: 'with no option',
    serve: serve({}),
    proofs: {
      'B01: parameters of the header that others do not know do not hinder': each(
        HEADERS,
        (client, header) => client.assertLogsOut({}, header),
      ),
      'B02: integers, fractions and no iat do not hinder': each(CLAIMS.B02, logsOut),
      'B24: nor what usual issuers write': each(CLAIMS.B24, logsOut),
      'B02: no subject in sub is explained with its option': each(EXPLAINED.B02, explains),
      'B24: so is what usual issuers leave out': each(EXPLAINED.B24, explains),
      'B30: so is a token of more than 8 KB': each(EXPLAINED.B30, explains),
      'B02: so is what no option accepts': each(REFUSED, explains),
      'B02, B24, B30: the log says so by itself, one line for each reason': logsWhy,
    },
  },
  {
    name: 'with the options that the explanations name',
    serve: serve(NAMED),
    proofs: {
      ...Object.fromEntries(
        Object.entries(EXPLAINED).map(([id, table]) => [
          `${id}: they are let in and logged out`,
          each(table, logsOutNamed),
        ]),
      ),
      'B61: of several tokens with one jti, the one that is logged out ends': logsOutOneOfSeveral,
    },
  },
];
