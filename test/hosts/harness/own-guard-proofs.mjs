import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { rawRequest } from './raw-request.mjs';
import { assertAnswer, assertDocumented, DOCUMENTED } from './http-client.mjs';
import { quoting } from './quoting.mjs';
import { until } from './until.mjs';

const INVALID = { 'www-authenticate': 'Bearer error="invalid_token"' };

/**
 * What a logout means to an application that keeps its own guard and changes nothing in it.
 *
 * @param app the application:
 *   `main`, the file to start; `login`, the path, the body and the status of its login;
 *   `tokenFrom(answer)`, the token of a login; `carry(token, host)`, the header lines that its
 *   clients send; `spellings(token, host)`, further ones, by name; `mustAccept`, the names of some
 *   that its guard accepts, so that the proof has something to refuse; `profile`, the path of its
 *   guarded route; `granted`, the members of that route's answer; `refused`, its answer without
 *   credentials; and, where they are other than the module's, `logout`, `loggedOut`,
 *   `repeated` and `unknown`: the path of the logout and three of its answers.
 * @param further proofs of this application alone.
 */
export function ownGuardApp(name, app, further = {}) {
  return {
    name,
    serve: (host, withApp) =>
      host.databases.using((database) =>
        host.serve(app.main, { DATABASE_URL: database.url }, (url, program) =>
          withApp({ client: new Client(url, app, host), database, program }),
        ),
      ),
    proofs: mapValues(
      { ...PROOFS, ...further },
      (prove) => (props) => quoting(props.program, () => prove(props)),
    ),
  };
}

// In this order: once the database was away, it takes a moment until there is a lease again.
const PROOFS = {
  'its own guard refuses a token that was logged out, in its own words': refusesInItsOwnWords,
  'its public routes and its login stay open to a client that still sends that token':
    staysOpenToStaleCredentials,
  'the audit says once that the token was used again': auditsTheReuse,
  'the token is refused in every spelling that its guard accepts': refusesEverySpelling,
  'the database away for longer than the lease: live tokens get our 500, revoked ones its refusal, and it recovers by itself':
    recoversByItself,
  'the database away: so it is in every spelling that its guard accepts':
    refusesEverySpellingWithoutLease,
};

async function refusesInItsOwnWords({ client }) {
  const [lost, kept] = [await client.login(), await client.login()];
  await client.assertLetIn(lost);
  await client.logout(lost);
  await client.assertRefused(lost);
  await client.assertLetIn(kept);
  await client.assertLogoutIsDone(lost);
  await client.assertRefused(lost);
}

async function staysOpenToStaleCredentials({ client }) {
  const lost = await client.loggedOut();
  const stale = everywhere(lost);
  assertAnswer(await client.home(stale), { status: 200, body: '[]' });
  const fresh = await client.login(stale);
  await client.assertLetIn(fresh);
  await client.assertLetIn(fresh, client.elsewhere(lost));
  await client.assertRefused(lost);
}

async function auditsTheReuse({ client, database }) {
  const lost = await client.loggedOut();
  await client.assertRefused(lost);
  await client.assertRefused(lost);
  const reuses = async () =>
    (await database.auditOfLastLogout()).filter(({ event }) => event === 'authn_token_reuse');
  await until('the reuse stands in the audit', async () => (await reuses()).length > 0);
  const reuse = { event: 'authn_token_reuse', outcome: 'failure', subject: '1' };
  assert.deepEqual(await reuses(), [reuse]);
}

async function refusesEverySpelling({ client }) {
  const lost = await client.login();
  const accepted = await client.acceptedSpellings(lost);
  await client.logout(lost);
  await client.assertRefusedInSpellings(lost, accepted);
}

async function recoversByItself({ client, database }) {
  const [lost, live] = [await client.login(), await client.login()];
  await client.logout(lost);
  await client.assertLetIn(live);
  await withoutLease({ client, database, lost, live }, async () => {
    assertAnswer(await client.profile(client.carry(live)), client.unknown);
    assertAnswer(await client.home(client.carry(live)), client.unknown);
    assertAnswer(await client.home([]), { status: 200, body: '[]' });
    assertAnswer(await client.profile([]), client.app.refused);
    await client.assertRefused(lost);
  });
}

async function refusesEverySpellingWithoutLease({ client, database }) {
  const [lost, live] = [await client.login(), await client.login()];
  const accepted = await client.acceptedSpellings(lost);
  await client.logout(lost);
  await withoutLease({ client, database, lost, live }, async () => {
    await client.assertRefusedInSpellings(lost, accepted);
    await client.assertUnknownInSpellings(live, accepted);
  });
}

/** Runs `work` once the database has been away for longer than the lease; ends once it is back. */
async function withoutLease({ client, database, lost, live }, work) {
  const isLetIn = async () => {
    await client.assertRefused(lost);
    return client.isLetIn(live);
  };
  await database.away(async () => {
    await until('no live token is let in', async () => !(await isLetIn()));
    await work();
  });
  await until('the live token is let in again', isLetIn);
  await client.assertRefused(lost);
}

/** A client of an application: it knows its routes, and sends what its users' browsers send. */
class Client {
  constructor(url, app, host) {
    this.url = url;
    this.app = app;
    this.host = host;
    this.logoutPath = app.logout ?? '/api/v1/auth/logout';
    this.unknown = app.unknown ?? DOCUMENTED.unknown;
  }

  carry(token) {
    return this.app.carry(token, this.host);
  }

  /**
   * Logs in. Two tokens without `jti` that are signed in one second are the same token, so a login
   * waits until the second of the last one is over.
   */
  async login(headers = []) {
    await secondAfter(this.lastIssuedAt);
    const { path, credentials, status } = this.app.login;
    const body = JSON.stringify(credentials);
    const answer = await rawRequest(this.url, 'POST', path, { headers, body });
    assert.equal(answer.status, status, `${answer.what}: ${answer.body}`);
    const token = this.app.tokenFrom(answer);
    this.lastIssuedAt = issuedAt(token);
    return token;
  }

  profile(headers) {
    return rawRequest(this.url, 'GET', this.app.profile, { headers });
  }

  home(headers) {
    return rawRequest(this.url, 'GET', '/', { headers });
  }

  async logout(token) {
    assertAnswer(await this.askLogout(token), this.app.loggedOut ?? DOCUMENTED.loggedOut);
  }

  /** Our route still sees what was sent: a repeated logout gets its documented answer. */
  async assertLogoutIsDone(token) {
    const answer = await this.askLogout(token);
    if (this.app.repeated) assertAnswer(answer, this.app.repeated);
    else assertDocumented(answer, DOCUMENTED.refused, INVALID);
  }

  async loggedOut() {
    const token = await this.login();
    await this.assertLetIn(token);
    await this.logout(token);
    return token;
  }

  /** Credentials in the header that its clients do not use. */
  elsewhere(token) {
    const used = this.carry(token).map(([name]) => name);
    return everywhere(token).filter(([name]) => !used.includes(name));
  }

  /** @param besides further header lines. */
  async assertLetIn(token, besides = []) {
    const answer = await this.profile([...this.carry(token), ...besides]);
    assert.equal(answer.status, 200, `${answer.what}: ${answer.body}`);
    const { iat: _iat, exp: _exp, ...members } = JSON.parse(answer.body);
    assert.deepEqual(members, this.app.granted);
  }

  async isLetIn(token) {
    const answer = await this.profile(this.carry(token));
    if (answer.status !== 200) assertAnswer(answer, this.unknown);
    return answer.status === 200;
  }

  async assertRefused(token) {
    assertAnswer(await this.profile(this.carry(token)), this.app.refused);
  }

  /** The names of the spellings that the guard lets in, of a token that lives. */
  async acceptedSpellings(token) {
    const accepted = letIn(await this.answersBySpelling(token));
    const missing = this.app.mustAccept.filter((name) => !accepted.includes(name));
    assert.deepEqual(missing, [], 'spellings that it is known to accept, and does not');
    return accepted;
  }

  async assertRefusedInSpellings(token, accepted) {
    const answers = await this.answersBySpelling(token);
    const { status, body } = this.app.refused;
    assertAll(answers, accepted, `${status} ${body}`);
    assert.deepEqual(letIn(answers), [], 'spellings of a revoked token that are let in');
  }

  async assertUnknownInSpellings(token, accepted) {
    const { status, body } = this.unknown;
    assertAll(await this.answersBySpelling(token), accepted, `${status} ${body}`);
  }

  async answersBySpelling(token) {
    const answers = {};
    for (const [name, headers] of Object.entries(this.app.spellings(token, this.host))) {
      const { status, body } = await this.profile(headers);
      answers[name] = `${status} ${body}`;
    }
    return answers;
  }

  askLogout(token) {
    const headers = [['Authorization', `Bearer ${token}`]];
    const body = JSON.stringify({ token });
    return rawRequest(this.url, 'POST', this.logoutPath, { headers, body });
  }
}

/** Each of these spellings has the answer; a failure shows those that have not. */
function assertAll(answers, names, expected) {
  const of = (answer) => Object.fromEntries(names.map((name) => [name, answer(name)]));
  assert.deepEqual(
    of((name) => answers[name]),
    of(() => expected),
  );
}

const mapValues = (record, change) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));

const letIn = (answers) => Object.keys(answers).filter((name) => answers[name].startsWith('200 '));

/** As a client that sends what it has, in whatever header the application reads. */
const everywhere = (token) => [
  ['Authorization', `Bearer ${token}`],
  ['Cookie', `theme=dark; access_token=${token}`],
];

const issuedAt = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).iat;

async function secondAfter(last) {
  while (Math.floor(Date.now() / 1000) === last) await wait(1000 - (Date.now() % 1000));
}
