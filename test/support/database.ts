import { randomBytes } from 'node:crypto';
import { Client, Pool } from 'pg';

/** A database of its own on the shared test cluster. */
export interface TestDatabase {
  readonly url: string;
  query(sql: string, parameters?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Ends every connection to it, whoever holds them, and removes it; idempotent. */
  drop(): Promise<void>;
}

function clusterUrl(): string {
  const url = process.env.TEST_DATABASE_URL;
  if (url === undefined)
    throw new Error('TEST_DATABASE_URL is not set: run the tests through Jest.');
  return url;
}

async function onCluster(sql: string): Promise<void> {
  const client = new Client({ connectionString: clusterUrl() });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A fresh, empty database; nothing is migrated in it. */
export async function createDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onCluster(`CREATE DATABASE ${name}`);
  const url = new URL(clusterUrl());
  url.pathname = name;
  const pool = new Pool({ connectionString: url.href, max: 4, allowExitOnIdle: true });
  pool.on('error', () => undefined); // suites terminate backends on purpose
  let dropping: Promise<void> | undefined;
  return {
    url: url.href,
    query: async (sql, parameters = []) => {
      const { rows } = await pool.query<Record<string, unknown>>(sql, [...parameters]);
      return rows;
    },
    drop: () =>
      (dropping ??= pool
        .end()
        .then(() => onCluster(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))),
  };
}
