import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A PostgreSQL for all hosts: TEST_DATABASE_URL's, or our own embedded one. */
export class Databases {
  static async start(dataDir) {
    const given = process.env.TEST_DATABASE_URL;
    if (given !== undefined) return new Databases(given, () => undefined);
    const { startEmbeddedPostgres } = await embedded();
    const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
    const server = await startEmbeddedPostgres({ dataDir, settings, noSync: true });
    return new Databases(server.url(), () => server.stop());
  }

  constructor(url, stop) {
    this.url = url;
    this.stop = stop;
  }

  /**
   * Runs `work` with a fresh, empty database, which is dropped afterwards.
   * @param settings in SQL, such as its encoding.
   */
  async using(work, settings = '') {
    const name = `host_${randomBytes(6).toString('hex')}`;
    await query(this.url, `CREATE DATABASE ${name} ${settings}`);
    // The proofs need not name our schema again and again; the store does not go by this.
    await query(this.url, `ALTER DATABASE ${name} SET search_path = public, nestjs_logout`);
    const url = Object.assign(new URL(this.url), { pathname: name }).href;
    try {
      return await work(new Database(url, this.url));
    } finally {
      await query(this.url, `DROP DATABASE ${name} WITH (FORCE)`);
    }
  }
}

export class Database {
  /** @param serverUrl another database of the same server, whose owner may close this one. */
  constructor(url, serverUrl) {
    this.url = url;
    this.serverUrl = serverUrl;
    this.name = new URL(url).pathname.slice(1);
  }

  /** Runs `work` while this database takes no connection, superusers' included, and has none. */
  async away(work) {
    await query(this.serverUrl, `ALTER DATABASE ${this.name} WITH ALLOW_CONNECTIONS false`);
    try {
      await query(
        this.serverUrl,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${this.name}'`,
      );
      return await work();
    } finally {
      await query(this.serverUrl, `ALTER DATABASE ${this.name} WITH ALLOW_CONNECTIONS true`);
    }
  }

  query(sql) {
    return query(this.url, sql);
  }

  /** What the audit says of the token that was logged out last, in whatever schema it stands. */
  async auditOfLastLogout() {
    const [{ events }] = await this.query(`
      SELECT oid::regclass::text AS events FROM pg_class
      WHERE relname = 'auth_events' AND relkind IN ('r', 'p')`);
    return this.query(`
      SELECT event, outcome, subject FROM ${events} WHERE token_fingerprint = (
        SELECT token_fingerprint FROM ${events}
        WHERE event = 'authn_token_revoked' AND outcome = 'success'
        ORDER BY occurred_at DESC LIMIT 1
      ) ORDER BY occurred_at`);
  }

  /** The names of its tables, without partitions. */
  async tables() {
    const rows = await this.query(`
      SELECT relname AS name FROM pg_class
      WHERE relkind IN ('r', 'p') AND NOT relispartition
        AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
      ORDER BY relname`);
    return rows.map(({ name }) => name);
  }
}

async function query(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query(sql);
    return rows;
  } finally {
    await client.end();
  }
}

async function embedded() {
  return import('../../../dist/src/service/embedded-postgres/embedded-postgres.js');
}
