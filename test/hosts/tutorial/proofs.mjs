import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { assertAnswer, DOCUMENTED, HttpClient } from '../harness/http-client.mjs';
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
};

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
            const changed = changedLines(folder, name);
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
            NODE_OPTIONS: `--import=${ANNOUNCE}`,
          };
          return host.serve(`${treesOf(host.folder, name).ours}/dist/main.js`, env, (at) =>
            withApp(new Client(at, chapter)),
          );
        }),
      proofs: name === 'refresh' ? { ...PROOFS, ...REFRESH_PROOFS } : PROOFS,
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
      await client.beginOfSecond();
      const [lost, device] = [await client.login(JOHN), await client.login(JOHN)];
      assertAnswer(await client.http.logout(lost), DOCUMENTED.loggedOut);
      const again = await client.login(JOHN);
      const seconds = [lost, device, again].map((token) => claimsOf(token).iat);
      assert.equal(new Set(seconds).size, 1, 'they were not issued in one second');
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
