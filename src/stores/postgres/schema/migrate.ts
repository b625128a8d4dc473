import { setTimeout } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import {
  MIGRATIONS_TABLE,
  revocationMigrations,
} from '../../../../migrations/revocation-migrations';
import { lockKeyOf } from './advisory-lock';
import { inTransaction, type PostgresConnections } from '../connection/connections';
import { PostgresError } from '../connection/postgres-error';

/** A migration may be long; an instance that waits for its end waits as long. */
const MIGRATION_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/** Brings the tables up to date. Of several instances one migrates, and the others wait for it. */
export async function migrate(connections: PostgresConnections): Promise<void> {
  const deadline = Date.now() + MIGRATION_TIMEOUT_MS;
  while (!(await migrateUnlessLocked(connections))) {
    if (Date.now() > deadline) throw new PostgresError('another instance migrates without end');
    await setTimeout(POLL_MS * (1 + Math.random()));
  }
}

/** @throws {TypeError} the schema is missing: it is the host's, so it is not created here. */
export async function checkSchema({ writes, tables }: PostgresConnections): Promise<void> {
  const { rows } = await writes.query('SELECT FROM pg_namespace WHERE nspname = $1', [
    tables.schema,
  ]);
  if (rows.length > 0) return;
  throw new TypeError(
    `nestjs-logout: schema "${tables.schema}" of the DataSource does not exist. ` +
      'Create it, or name another as "schema" of the DataSource.',
  );
}

/** @throws {TypeError} not every migration has run, and what to do. */
export async function checkMigrated({ writes, tables }: PostgresConnections): Promise<void> {
  // What the last migration makes.
  const { rows } = await writes.query<{ is_there: string }>(
    'SELECT (to_regproc($1) IS NOT NULL)::text AS is_there',
    [tables.qualify('purge_revocations')],
  );
  if (rows[0]?.is_there === 'true') return;
  throw new TypeError(
    `nestjs-logout: the tables in schema "${tables.schema}" are missing or out of date, and ` +
      '"migrate" is false. Run `revocationMigrations` of nestjs-logout/postgres in your ' +
      'deployment, or let open() do it with "migrate": true.',
  );
}

function migrateUnlessLocked(connections: PostgresConnections): Promise<boolean> {
  // The transaction is idle while another connection migrates. The server must not end it.
  const begin = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0`;
  return inTransaction(connections.writes, begin, async (client) => {
    const lockKey = lockKeyOf('migrations', connections.tables.schema);
    const { rows } = await client.query<{ is_ours: string }>(
      `SELECT pg_try_advisory_xact_lock(${lockKey})::text AS is_ours`,
    );
    if (rows[0]?.is_ours !== 'true') return false;
    await runMigrations(connections);
    return true;
  });
}

async function runMigrations(connections: PostgresConnections): Promise<void> {
  const source = await migrationSource(connections);
  try {
    await source.runMigrations();
  } finally {
    await source.destroy();
  }
}

const migrationSource = (connections: PostgresConnections): Promise<DataSource> =>
  connections.connect(
    { size: 2, timeoutMs: MIGRATION_TIMEOUT_MS, onError: () => undefined },
    {
      migrations: revocationMigrations,
      migrationsTableName: MIGRATIONS_TABLE,
      migrationsTransactionMode: 'each',
    },
  );
