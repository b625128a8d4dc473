import assert from 'node:assert/strict';
import { HttpClient } from '../harness/http-client.mjs';
import { assertRefusedOnRoute, proveLogoutOf } from '../harness/logout-proofs.mjs';
import { failedStart } from '../harness/processes.mjs';
import { signToken } from '../harness/sign-token.mjs';
import { until } from '../harness/until.mjs';

const DAY_SECONDS = 86_400;
/** Those of the next 27 hours and 31 days, and one more of each while the clock goes on. */
const MOST_PARTITIONS = 27 + 31 + 2;

const start = (host, database, { typeorm = {}, store = {}, url = database.url }, work) => {
  const env = { TYPEORM: JSON.stringify(typeorm), STORE: JSON.stringify(store) };
  return host.serve('dist/database.js', { ...env, DATABASE_URL: url }, (at) =>
    work(new HttpClient(at)),
  );
};

const logsOut = (host) => async (client) => {
  const token = signToken(host.env.JWT_SECRET);
  await proveLogoutOf(token, client);
  return token;
};

/** The schemas of a host's table and of ours. */
async function homes(database) {
  const rows = await database.query(`
    SELECT relname AS name, relnamespace::regnamespace::text AS home FROM pg_class
    WHERE relname IN ('note', 'revoked_tokens', 'auth_events')`);
  return Object.fromEntries(rows.map(({ name, home }) => [name, home]));
}

const outlivesDropSchema = (host) =>
  host.databases.using(async (database) => {
    const typeorm = { synchronize: true, dropSchema: true };
    const lost = [];
    for (let time = 0; time < 2; time += 1)
      await start(host, database, { typeorm }, async (client) => {
        for (const token of lost) assertRefusedOnRoute(await client.me(token));
        lost.push(await logsOut(host)(client));
      });
  });

const TENANT = { extra: { options: '-c search_path=tenant' } };
const HOMES = { note: 'tenant', revoked_tokens: 'nestjs_logout', auth_events: 'nestjs_logout' };

const standsApart = (host) =>
  host.databases.using(async (database) => {
    await database.query('CREATE SCHEMA tenant');
    const typeorm = { ...TENANT, synchronize: true };
    await start(host, database, { typeorm }, logsOut(host));
    assert.deepEqual(await homes(database), HOMES);
  });

const takesMigratedTables = (host) =>
  host.databases.using(async (database) => {
    await database.query('CREATE SCHEMA tenant');
    const env = { DATABASE_URL: database.url, TYPEORM: JSON.stringify(TENANT) };
    await host.run([process.execPath, 'dist/migrate.js'], env);
    await start(host, database, { typeorm: TENANT, store: { migrate: false } }, logsOut(host));
  });

const tellsPoorRole = (host) =>
  host.databases.using(async (database) => {
    const role = `poor_${database.name}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    const { href: url } = Object.assign(new URL(database.url), {
      username: role,
      password: 'secret',
    });
    const reason = await failedStart(() => start(host, database, { url }, logsOut(host))).finally(
      () => database.query(`DROP ROLE ${role}`),
    );
    assert.match(reason, /Let the owner of the database run: CREATE SCHEMA "nestjs_logout"/);
  });

const stopsInOtherEncoding = (host) =>
  host.databases.using(async (database) => {
    const reason = await failedStart(() => start(host, database, {}, logsOut(host)));
    assert.match(reason, /is encoded in LATIN1, and only UTF8 takes every user name/);
  }, "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");

/** As `pg_restore` leaves it: with numbers that this server is far from. */
const clearsMovedLog = (host) =>
  host.databases.using(async (database) => {
    const lost = await start(host, database, {}, logsOut(host));
    await database.query(`UPDATE revocation_log SET xid = '9000000000'`);
    await start(host, database, {}, async (client) => {
      assertRefusedOnRoute(await client.me(lost));
      await until('the log has numbers of this server alone', async () => {
        const ahead = "SELECT 1 FROM revocation_log WHERE xid >= '9000000000'";
        return (await database.query(ahead)).length === 0;
      });
      assertRefusedOnRoute(await client.me(lost));
      await logsOut(host)(client);
    });
  });

/** A platform that grants one of its roles all that is new, as for an API over the database. */
const withGenerousPlatform = (host, withApp) =>
  host.databases.using(async (database) => {
    const role = `anon_${database.name}`;
    await database.query(`
      CREATE ROLE ${role} NOLOGIN;
      ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO ${role};
      ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO ${role};
      ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO ${role}`);
    try {
      await start(host, database, { typeorm: { synchronize: true } }, (client) =>
        withApp({ host, client, database, role }),
      );
    } finally {
      await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

const DEEDS = [
  'SELECT * FROM nestjs_logout.auth_events',
  "INSERT INTO nestjs_logout.auth_events (event, outcome) VALUES ('authn_token_revoked', 'success')",
  'DELETE FROM nestjs_logout.revoked_tokens',
  'DELETE FROM nestjs_logout.replica_instances',
  `SELECT nestjs_logout.add_revocations(${Array(25).fill('NULL').join()})`,
  'SELECT nestjs_logout.purge_revocations()',
];

async function grantsNothing({ host, client, database, role }) {
  await logsOut(host)(client);
  for (const deed of DEEDS)
    await assert.rejects(database.query(`SET ROLE ${role}; ${deed}`), { code: '42501' }, deed);
}

async function outlivesTruncation({ host, client, database }) {
  const lost = await logsOut(host)(client);
  await database.query('INSERT INTO public.note DEFAULT VALUES');
  const tables = await database.query(
    "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'",
  );
  await database.query(`TRUNCATE ${tables.map(({ name }) => `public.${name}`).join()} CASCADE`);
  assert.deepEqual(await database.query('SELECT * FROM public.note'), []);
  assertRefusedOnRoute(await client.me(lost));
}

/** Sixty tokens, each of which expires half a day after the one before. */
async function keepsFewPartitions({ host, client, database }) {
  const now = Math.floor(Date.now() / 1000);
  const tokens = Array.from({ length: 60 }, (_, at) =>
    signToken(host.env.JWT_SECRET, { exp: now + (at + 1) * (DAY_SECONDS / 2) }),
  );
  for (let from = 0; from < tokens.length; from += 8)
    await Promise.all(tokens.slice(from, from + 8).map((token) => proveLogoutOf(token, client)));
  const partitions = await database.query(
    "SELECT 1 FROM pg_partition_tree('nestjs_logout.revoked_tokens') WHERE isleaf",
  );
  assert.ok(partitions.length <= MOST_PARTITIONS, `${partitions.length} partitions`);
}

export const databaseProofs = {
  'B15: starts that drop its schema meet nothing of ours': outlivesDropSchema,
  'B18: with a search_path of its own, our tables stand in our schema': standsApart,
  'B18: so they do where its data source migrates them for it': takesMigratedTables,
  'B18: a role that may not make the schema is told what its owner must run': tellsPoorRole,
  'B34: a database that cannot take every user name stops the boot': stopsInOtherEncoding,
  'B68: a log that was restored from another server is cleared of its numbers': clearsMovedLog,
};

export const databaseApps = [
  {
    name: 'on PostgreSQL, where a role is granted all that is new',
    serve: withGenerousPlatform,
    proofs: {
      'B19: that role can do nothing with ours': grantsNothing,
      'B17: emptying each table of the host leaves ours alone': outlivesTruncation,
      'B66: tokens of 30 days are logged out, in at most 60 partitions': keepsFewPartitions,
    },
  },
];
