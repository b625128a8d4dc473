import { setTimeout } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { createSchema } from '../../../../migrations/owned-objects';
import {
  LOGOUT_MIGRATIONS,
  MIGRATIONS_TABLE,
  revocationMigrationsIn,
} from '../../../../migrations/revocation-migrations';
import { quoteText } from '../../../../migrations/schema-names';
import { inTransaction, type PostgresConnections } from '../connection/connections';
import {
  codeOf,
  INSUFFICIENT_PRIVILEGE,
  PostgresError,
  toPostgresError,
} from '../connection/postgres-error';
import type { Tables } from '../connection/tables';
import { lockKeyOf } from './advisory-lock';

/** A migration may be long; an instance that waits for its end waits as long. */
const MIGRATION_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/**
 * Brings the tables up to date. Of several instances one migrates, and the others wait for it.
 * @param onLoss told of tables that had been made before and are gone.
 * @throws {TypeError} the schema is missing, and the role may not make it.
 */
export async function migrate(
  connections: PostgresConnections,
  onLoss: (error: Error) => void,
): Promise<void> {
  const deadline = Date.now() + MIGRATION_TIMEOUT_MS;
  while (!(await migrateUnlessLocked(connections, onLoss))) {
    if (Date.now() > deadline) throw new PostgresError('another instance migrates without end');
    await setTimeout(POLL_MS * (1 + Math.random()));
  }
}

/** @throws {TypeError} not every migration has run, and what to do. */
export async function checkMigrated(connections: PostgresConnections): Promise<void> {
  const { rows } = await connections.writes.query<Named>(
    missingQuery(connections.tables, LOGOUT_MIGRATIONS),
  );
  const missing = rows.map(({ name }) => name);
  if (missing.length === 0) return;
  throw new TypeError(
    `nestjs-logout: the tables in schema "${connections.tables.schema}" are missing or out of ` +
      `date, and "migrate" is false. Missing: ${missing.join(', ')}. In your deployment, open and ` +
      'close a PostgresRevocationStore as their owner, or run `revocationMigrations` of ' +
      'nestjs-logout/postgres; or let open() do it with "migrate": true.',
  );
}

function migrateUnlessLocked(
  connections: PostgresConnections,
  onLoss: (error: Error) => void,
): Promise<boolean> {
  // The transaction is idle while another connection migrates. The server must not end it.
  const begin = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0`;
  return inTransaction(connections.writes, begin, async (client) => {
    const lockKey = lockKeyOf('migrations', connections.tables.schema);
    const { rows } = await client.query<{ is_ours: string }>(
      `SELECT pg_try_advisory_xact_lock(${lockKey})::text AS is_ours`,
    );
    if (rows[0]?.is_ours !== 'true') return false;
    await runMigrations(connections, onLoss);
    return true;
  });
}

async function runMigrations(
  connections: PostgresConnections,
  onLoss: (error: Error) => void,
): Promise<void> {
  const source = await migrationSource(connections);
  try {
    await makeSchema(connections, source);
    await forgetLost(connections, source, onLoss);
    await source.runMigrations();
    await keepNotesToOwner(connections, source);
  } finally {
    await source.destroy();
  }
}

async function makeSchema({ tables }: PostgresConnections, source: DataSource): Promise<void> {
  try {
    await source.query(createSchema(tables));
    await checkSchemaOwner(tables, source);
  } catch (error) {
    if (codeOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new TypeError(
      `nestjs-logout: schema "${tables.schema}" does not exist, and the role may not create it. ` +
        `Let the owner of the database run: CREATE SCHEMA ${tables.quotedSchema} AUTHORIZATION ` +
        'the_role; or set "schema" to one that the role owns.',
      { cause: toPostgresError(error) },
    );
  }
}

/**
 * The owner of a schema may drop what is in it, and tokens that were logged out would be accepted
 * again. So it must be ours, or belong to those who own the database.
 */
async function checkSchemaOwner(tables: Tables, source: DataSource): Promise<void> {
  const [row]: { owner: string; is_trusted: string }[] = await source.query(
    `SELECT rolname AS owner, (pg_has_role(nspowner, 'USAGE') OR rolsuper
        OR nspowner = datdba OR rolname = 'pg_database_owner')::text AS is_trusted
      FROM pg_namespace JOIN pg_roles ON pg_roles.oid = nspowner, pg_database
      WHERE nspname = $1 AND datname = current_database()`,
    [tables.schema],
  );
  if (row === undefined || row.is_trusted === 'true') return;
  throw new TypeError(
    `nestjs-logout: schema "${tables.schema}" belongs to the role "${row.owner}", which could drop ` +
      `our tables. Let it run: ALTER SCHEMA ${tables.quotedSchema} OWNER TO the_role; or set ` +
      '"schema" to one that the role which migrates owns.',
  );
}

/** TypeORM has made the table, so default privileges of the platform hold on it. */
async function keepNotesToOwner(
  { tables }: PostgresConnections,
  source: DataSource,
): Promise<void> {
  const keep = tables.qualify('keep_table_to_owner');
  const notes = tables.qualify(MIGRATIONS_TABLE);
  await source.query(
    `SELECT ${keep}($1::text::regclass), ${keep}(pg_get_serial_sequence($1, 'id')::regclass)`,
    [notes],
  );
}

/**
 * Where something is gone that a migration made, as after a test set-up that drops tables, all
 * migrations are to run again. They leave alone what is there.
 */
async function forgetLost(
  { tables }: PostgresConnections,
  source: DataSource,
  onLoss: (error: Error) => void,
): Promise<void> {
  const notes = tables.qualify(MIGRATIONS_TABLE);
  const found: Named[] = await source.query('SELECT name FROM to_regclass($1) AS name', [notes]);
  if (found[0]?.name == null) return;
  const noted: Named[] = await source.query(`SELECT name FROM ${notes}`);
  const done = new Set(noted.map(({ name }) => name));
  const missing: Named[] = await source.query(
    missingQuery(
      tables,
      LOGOUT_MIGRATIONS.filter(({ name }) => done.has(name)),
    ),
  );
  if (missing.length === 0) return;
  await source.query(`DELETE FROM ${notes}`);
  onLoss(
    lossOf(
      tables,
      missing.map(({ name }) => name),
    ),
  );
}

function lossOf({ schema }: Tables, missing: readonly string[]): PostgresError {
  const were = `in schema "${schema}" these were gone, and are made again: ${missing.join(', ')}`;
  if (missing.every((name) => TRIGGERS.includes(name)))
    return new PostgresError(
      `Of the triggers ${were}. Instances that were running meanwhile may not know what was ` +
        'revoked: restart them.',
    );
  return new PostgresError(
    `Of the tables ${were}. What was in them is lost: tokens that were logged out before are ` +
      'accepted again until they expire.',
  );
}

const TRIGGERS = LOGOUT_MIGRATIONS.flatMap(({ makes }) =>
  (makes.triggers ?? []).map(({ trigger }) => trigger),
);

interface Named {
  readonly name: string;
}

/** Asks for the tables, functions and triggers of these migrations that are not there. */
function missingQuery(tables: Tables, migrations: typeof LOGOUT_MIGRATIONS): string {
  const listOf = (names: readonly string[]): string =>
    `ARRAY[${names.map(quoteText).join()}]::text[]`;
  const triggers = migrations.flatMap(({ makes }) => makes.triggers ?? []);
  const full = `${quoteText(`${tables.quotedSchema}.`)} || quote_ident(name)`;
  return `
    SELECT name FROM unnest(${listOf(migrations.flatMap(({ makes }) => makes.relations))}) AS name
    WHERE to_regclass(${full}) IS NULL
    UNION ALL
    SELECT name FROM unnest(${listOf(migrations.flatMap(({ makes }) => makes.routines))}) AS name
    WHERE to_regproc(${full}) IS NULL
    UNION ALL
    SELECT name FROM unnest(
      ${listOf(triggers.map(({ trigger }) => trigger))},
      ${listOf(triggers.map(({ table }) => tables.qualify(table)))}) AS made (name, of_table)
    WHERE NOT EXISTS (
      SELECT FROM pg_trigger
      WHERE tgrelid = to_regclass(of_table) AND tgname = name AND tgenabled = 'A')`;
}

const migrationSource = (connections: PostgresConnections): Promise<DataSource> =>
  connections.connect(
    { role: 'migrations', size: 2, timeoutMs: MIGRATION_TIMEOUT_MS, onError: () => undefined },
    {
      schema: connections.tables.schema,
      migrations: revocationMigrationsIn(connections.tables.schema),
      migrationsTableName: MIGRATIONS_TABLE,
      migrationsTransactionMode: 'each',
    },
  );
