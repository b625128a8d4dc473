import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { assertAnswer, DOCUMENTED, HttpClient } from '../harness/http-client.mjs';
import { until } from '../harness/until.mjs';
import { changedLines, composeTrees, secretOf, treesOf } from './trees.mjs';

const ANNOUNCE = fileURLToPath(new URL('../harness/announce.mjs', import.meta.url));
const JOHN = { username: 'john', password: 'changeme' };
const MARIA = { username: 'maria', password: 'guess' };
const UNAUTHORIZED = { status: 401, body: '{"message":"Unauthorized","statusCode":401}' };

/** `maxChanges`: how many lines the drop-in may change, beside the import of the module. */
const CHAPTERS = {
  authentication: {
    title: 'the Authentication chapter',
    maxChanges: 1,
    profile: '/auth/profile',
    userOf: ({ sub, username }) => ({ id: sub, username }),
  },
  passport: {
    title: 'the Passport chapter',
    maxChanges: 2,
    profile: '/profile',
    userOf: ({ userId, username }) => ({ id: userId, username }),
  },
  refresh: {
    title: 'the Authentication chapter with refresh tokens',
    base: ['authentication'],
    option: "logoutCovers: 'session',",
    maxChanges: 6,
    profile: '/auth/profile',
    userOf: ({ sub, username }) => ({ id: sub, username }),
  },
  sessions: {
    title: 'the Authentication chapter with sessions of ours',
    base: ['authentication'],
    // The host's own guard goes on verifying with its own secret: it signs now for us.
    rules: `
      isGlobal: true,
      issuers: [],
      sessions: {
        signingKeys: process.env.JWT_SECRET ?? '',
        refreshKeys: process.env.REFRESH_KEY ?? '',
        issuer: 'https://api.example',
        audience: 'https://api.example',
        claims: (id) => ({ username: id === '1' ? 'john' : 'maria' }),
      },
`,
    maxChanges: 5,
    profile: '/auth/profile',
    userOf: ({ sub, username }) => ({ id: Number(sub), username }),
  },
};

const REFRESH_KEY = 'a secret of refresh tokens alone, for this test only';

/**
 * The proofs of the framework's tutorial applications, in the scaffold of one version of its CLI.
 * @param isEsm whether the scaffold is of ES modules.
 * @param e2e the command of the scaffold's e2e tests.
 */
export function tutorialProofs({ isEsm, e2e }) {
  const chapters = Object.entries(CHAPTERS);
  return {
    proofs: Object.fromEntries(
      chapters.flatMap(([name, { title, maxChanges, profile, ...chapter }]) => [
        [
          `${title} follows README: the module, and at most ${maxChanges} changed ${maxChanges === 1 ? 'line' : 'lines'}`,
          ({ folder }) => {
            composeTrees(folder, name, chapter, isEsm);
            const { others: changed } = changedLines(folder, name);
            assert.ok(changed > 0 && changed <= maxChanges, `${changed} lines are changed`);
          },
        ],
        [
          `${title} compiles, before and after`,
          async (host) => {
            for (const tree of Object.values(treesOf(host.folder, name)))
              await host.run(['node_modules/.bin/tsc', '-p', `${tree}/tsconfig.build.json`]);
          },
        ],
        [
          `${title}: its e2e tests log out and in again, 5 of 5`,
          (host) =>
            host.databases.using(({ url }) =>
              host.run(['sh', '-c', `cd ${treesOf('.', name).ours} && ${e2e}`], {
                DATABASE_URL: url,
                JWT_SECRET: secretOf(host.folder, name),
                REFRESH_KEY,
                PROFILE: profile,
              }),
            ),
        ],
      ]),
    ),
    apps: chapters.map(([name, chapter]) => ({
      name: chapter.title,
      serve: (host, withApp) =>
        host.databases.using(({ url }) => {
          const env = {
            DATABASE_URL: url,
            JWT_SECRET: secretOf(host.folder, name),
            REFRESH_KEY,
            NODE_OPTIONS: `--import=${ANNOUNCE}`,
          };
          return host.serve(`${treesOf(host.folder, name).ours}/dist/main.js`, env, (at) =>
            withApp(new Client(at, chapter)),
          );
        }),
      proofs: { ...PROOFS, ...MORE_PROOFS[name] },
    })),
  };
}

const PROOFS = {
  'login, profile 200, logout 200, profile 401 in its own words, and another token lives on':
    async (client) => {
      const [lost, marias] = [await client.login(JOHN), await client.login(MARIA)];
      await client.assertLetIn(lost, { id: 1, username: 'john' });
      assertAnswer(await client.http.logout(lost), DOCUMENTED.loggedOut);
      assertAnswer(await client.profile(lost), UNAUTHORIZED);
      assertAnswer(await client.profile(), UNAUTHORIZED);
      await client.assertLetIn(marias, { id: 2, username: 'maria' });
    },

  'a login within the second of the logout works, and so does another device of that second':
    async (client) => {
      let lost, device, again;
      await until('they are issued in one second, which a busy machine may miss', async () => {
        await client.beginOfSecond();
        [lost, device] = [await client.login(JOHN), await client.login(JOHN)];
        assertAnswer(await client.http.logout(lost), DOCUMENTED.loggedOut);
        again = await client.login(JOHN);
        const seconds = [lost, device, again].map((token) => claimsOf(token).iat);
        return new Set(seconds).size === 1;
      });
      assertAnswer(await client.profile(lost), UNAUTHORIZED);
      for (const token of [device, again])
        await client.assertLetIn(token, { id: 1, username: 'john' });
    },
};

const REFRESH_PROOFS = {
  'a logout ends the refresh token of its login, and that of another device lives on': async (
    client,
  ) => {
    const [lost, device] = [await client.loginPair(JOHN), await client.loginPair(JOHN)];
    const renewed = await client.refresh(lost.refresh_token);
    assert.equal(renewed.status, 200, renewed.body);
    const { access_token: access } = JSON.parse(renewed.body);
    assertAnswer(await client.http.logout(access), DOCUMENTED.loggedOut);
    for (const token of [lost.refresh_token, JSON.parse(renewed.body).refresh_token])
      assertAnswer(await client.refresh(token), UNAUTHORIZED);
    assertAnswer(await client.profile(lost.access_token), UNAUTHORIZED);
    const other = await client.refresh(device.refresh_token);
    assert.equal(other.status, 200, other.body);
    await client.assertLetIn(JSON.parse(other.body).access_token, { id: 1, username: 'john' });
  },
};

const SESSION_PROOFS = {
  'a login is refreshed; a logout ends it, and no other device': async (client) => {
    const [lost, device] = [await client.loginPair(JOHN), await client.loginPair(JOHN)];
    const renewed = await client.renew(lost.refresh_token);
    await client.assertLetIn(renewed.accessToken, { id: 1, username: 'john' });
    assertAnswer(await client.http.logout(renewed.accessToken), DOCUMENTED.loggedOut);
    for (const token of [lost.access_token, renewed.accessToken])
      assertAnswer(await client.profile(token), UNAUTHORIZED);
    assert.equal((await client.postRefresh(renewed.refreshToken)).status, 401);
    const other = await client.renew(device.refresh_token);
    await client.assertLetIn(other.accessToken, { id: 1, username: 'john' });
  },

  'a stolen refresh token that is used ends the session for thief and owner': async (client) => {
    const stolen = await client.loginPair(MARIA);
    const one = await client.renew(stolen.refresh_token);
    const two = await client.renew(one.refreshToken);
    assert.equal((await client.postRefresh(stolen.refresh_token)).status, 401);
    assert.equal((await client.postRefresh(two.refreshToken)).status, 401);
    assertAnswer(await client.profile(two.accessToken), UNAUTHORIZED);
  },

  'a user sees all devices and signs the others out': async (client) => {
    const [here, there] = [await client.loginPair(MARIA), await client.loginPair(MARIA)];
    const list = async () => {
      const { body } = await client.http.get('/api/v1/auth/sessions', here.access_token);
      return JSON.parse(body).sessions;
    };
    assert.ok((await list()).length >= 2);
    const others = '/api/v1/auth/logout/others';
    const answer = await client.http.request('POST', others, { token: here.access_token });
    assert.equal(answer.status, 200, answer.body);
    assert.deepEqual(
      (await list()).map(({ current }) => current),
      [true],
    );
    assertAnswer(await client.profile(there.access_token), UNAUTHORIZED);
  },
};

const MORE_PROOFS = { refresh: REFRESH_PROOFS, sessions: SESSION_PROOFS };

class Client {
  constructor(url, { profile, userOf }) {
    this.http = new HttpClient(url);
    this.path = profile;
    this.userOf = userOf;
  }

  async loginPair(credentials) {
    const body = JSON.stringify(credentials);
    const answer = await this.http.request('POST', '/auth/login', { body });
    assert.ok([200, 201].includes(answer.status), `${answer.what}: ${answer.body}`);
    return JSON.parse(answer.body);
  }

  async login(credentials) {
    return (await this.loginPair(credentials)).access_token;
  }

  refresh(token) {
    const body = JSON.stringify({ refresh_token: token });
    return this.http.request('POST', '/auth/refresh', { body });
  }

  postRefresh(refreshToken) {
    const body = JSON.stringify({ refreshToken });
    return this.http.request('POST', '/api/v1/auth/refresh', { body });
  }

  async renew(refreshToken) {
    const answer = await this.postRefresh(refreshToken);
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body);
  }

  profile(token) {
    return this.http.get(this.path, token);
  }

  async assertLetIn(token, user) {
    const { status, body } = await this.profile(token);
    assert.equal(status, 200, body);
    assert.deepEqual(this.userOf(JSON.parse(body)), user);
  }

  /** What follows is to happen in one second. */
  beginOfSecond() {
    const left = 1000 - (Date.now() % 1000);
    return new Promise((resolve) => setTimeout(resolve, left + 5));
  }
}

const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
