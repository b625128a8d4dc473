import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HttpClient } from '../harness/http-client.mjs';
import { ADA, assertRemembers, proveLogout } from '../harness/logout-proofs.mjs';
import { failedStart } from '../harness/processes.mjs';
import { hasRedis, withRedis } from '../harness/redis.mjs';

export const title = 'Nest 12 with Redis alone';

export const packages = ['@nestjs/common', '@nestjs/core', 'ioredis'];

const serve = (host, url, work) =>
  host.serve('dist/main.js', { REDIS_URL: url }, (at) => work(new HttpClient(at)));

/** What the packed docs/redis.md has a person run: the install, and a program for Redis. */
function documented({ folder }) {
  const page = readFileSync(join(folder, 'node_modules/nestjs-logout/docs/redis.md'), 'utf8');
  const [install, init] = [...page.matchAll(/^```sh\n([^`]+)^```/gm)].map(([, text]) => text);
  return { install, init };
}

const init = (host, url) => host.run(['sh', '-c', documented(host).init], { REDIS_URL: url });

/** What `nest new` and the tutorial's login bring. */
const OF_ITS_OWN = ['common', 'core', 'jwt', 'platform-express'].map((name) => `@nestjs/${name}`);

const withRedisProofs = {
  'does not start before the documented program was run, and says which': (host) =>
    withRedis(async (url) => {
      const output = await failedStart(() => serve(host, url, () => undefined));
      assert.match(output, /run initRedis\(client, \{ name: 'app' \}\) once/);
      assert.equal(await init(host, url), 'true\n');
    }),

  'refuses a token once it is logged out, also after a restart': (host) =>
    withRedis(async (url) => {
      await init(host, url);
      const tokens = await serve(host, url, (client) => proveLogout(client));
      await serve(host, url, (client) => assertRemembers(client, tokens));
    }),
};

export const proofs = {
  'compiles against our declarations without skipLibCheck': (host) =>
    host.run(['npm', 'run', 'build']),

  'installs what docs/redis.md says, and no other package': ({ folder }) => {
    const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const [, , ...named] = documented({ folder }).install.trim().split(' ');
    const expected = [...named, ...OF_ITS_OWN, 'reflect-metadata', 'rxjs'];
    assert.deepEqual(Object.keys(dependencies).sort(), expected.sort());
    const installed = readdirSync(join(folder, 'node_modules'));
    const foreign = ['pg', 'typeorm', 'redis', 'nats', 'ws', 'socket.io', 'graphql'];
    assert.deepEqual(
      installed.filter((name) => foreign.includes(name)),
      [],
    );
  },

  ...(hasRedis() ? withRedisProofs : {}),
};
