import assert from 'node:assert/strict';
import { assertRemembers, proveLogout } from '../harness/logout-proofs.mjs';
import { assertHealthy, HttpClient } from '../harness/http-client.mjs';

export const title = 'Nest 11, CommonJS';

export const packages = ['@nestjs/common', '@nestjs/core', '@nestjs/passport', 'typeorm'];

export const proofs = {
  'compiles against our declarations without skipLibCheck, and without type packages for us': (
    host,
  ) => host.run(['npm', 'run', 'build']),

  'compiles with the older "node10" module resolution, too': (host) =>
    host.run(['node_modules/.bin/tsc', '-p', 'tsconfig.node10.json']),

  'passes its own tests under stock Jest and ts-jest, which then ends by itself': (host) =>
    host.databases.using(({ url }) => host.run(['npm', 'run', 'test:e2e'], { DATABASE_URL: url })),

  'refuses a token once it is logged out, also after a restart': (host) =>
    host.databases.using(async ({ url }) => {
      const env = { DATABASE_URL: url };
      const serve = (work) => host.serve('dist/src/main.js', env, (at) => work(new HttpClient(at)));
      const tokens = await serve((client) => proveLogout(client));
      await serve((client) => assertRemembers(client, tokens));
    }),

  'tells Terminus whether tokens can be checked': (host) =>
    host.databases.using(({ url }) =>
      host.serve('dist/src/main.js', { DATABASE_URL: url }, (at) =>
        assertHealthy(new HttpClient(at)),
      ),
    ),

  'finds who logged out in SQL, and no token text anywhere': (host) =>
    host.databases.using(async (database) => {
      const env = { DATABASE_URL: database.url };
      const { lost } = await host.serve('dist/src/main.js', env, (at) =>
        proveLogout(new HttpClient(at)),
      );
      const successes = await database.query(
        `SELECT event, subject FROM auth_events WHERE outcome = 'success'`,
      );
      assert.deepEqual(successes, [{ event: 'authn_token_revoked', subject: 'ada' }]);
      const [, , signature] = lost.split('.');
      const [{ quoting }] = await database.query(`
        SELECT count(*)::int AS quoting
        FROM (
          SELECT e::text FROM auth_events e UNION ALL SELECT r::text FROM revoked_tokens r
        ) AS rows (line)
        WHERE position('${signature}' IN line) > 0`);
      assert.equal(quoting, 0);
    }),
};
