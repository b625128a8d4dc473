import { quoteText, type SchemaNames } from './schema-names';

/**
 * Makes the schema where it is missing. Its owner alone has rights on it then, whatever default
 * privileges the platform has set.
 */
export const createSchema = ({ schema, quotedSchema }: SchemaNames): string => `
  DO $create$
  DECLARE
    stranger text;
  BEGIN
    IF pg_catalog.to_regnamespace(${quoteText(quotedSchema)}) IS NULL THEN
      CREATE SCHEMA ${quotedSchema};
      FOR stranger IN
        SELECT DISTINCT pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(grantee))
        FROM pg_catalog.pg_namespace, pg_catalog.aclexplode(nspacl)
        WHERE nspname = ${quoteText(schema)} AND grantee <> nspowner
      LOOP
        EXECUTE 'REVOKE ALL ON SCHEMA ' || ${quoteText(quotedSchema)} || ' FROM ' || stranger;
      END LOOP;
    END IF;
  END $create$`;

/**
 * Makes a table where it is missing, and what belongs to it. Others than its owner have no rights
 * on it until they are granted some.
 * @param definition what follows the name in `CREATE TABLE`.
 */
export function createTable(
  names: SchemaNames,
  table: string,
  definition: string,
  ...more: readonly string[]
): string {
  const name = names.qualify(table);
  return `
    DO $create$ BEGIN
      IF pg_catalog.to_regclass(${quoteText(name)}) IS NULL THEN
        CREATE TABLE ${name} ${definition};
        ${more.map((statement) => `${statement};`).join('\n')}
        PERFORM ${names.qualify('keep_table_to_owner')}(${quoteText(name)});
      END IF;
    END $create$`;
}

/**
 * Makes a function, or replaces it. Others than its owner may not call a new one until they are
 * granted that. What is named in it is found in `pg_catalog` alone: the caller's `search_path` must
 * not decide what an operator or a function is.
 * @param signature what follows the name in `CREATE FUNCTION`, but `AS`.
 */
export function createFunction(
  names: SchemaNames,
  routine: string,
  signature: string,
  body: string,
): string {
  const name = names.qualify(routine);
  return `
    DO $create$
    DECLARE
      is_new CONSTANT boolean := pg_catalog.to_regproc(${quoteText(name)}) IS NULL;
    BEGIN
      CREATE OR REPLACE FUNCTION ${name}${signature}
      SET search_path = pg_catalog, pg_temp
      AS $$ ${body} $$;
      IF is_new THEN
        PERFORM ${names.qualify('keep_routine_to_owner')}(${quoteText(name)});
      END IF;
    END $create$`;
}

/** A trigger, and the table that it is of. */
export interface NamedTrigger {
  readonly table: string;
  readonly trigger: string;
}

/**
 * Makes a trigger of a statement where it is missing or may be passed over: it runs whatever
 * `session_replication_role` is.
 * @param definition what follows the name in `CREATE TRIGGER`.
 */
export function createTrigger(
  names: SchemaNames,
  { table, trigger }: NamedTrigger,
  definition: string,
): string {
  const name = names.qualify(table);
  // ONLY: partitions have no triggers of statements.
  return `
    DO $create$ BEGIN
      IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger
        WHERE tgrelid = ${quoteText(name)}::pg_catalog.regclass
          AND tgname = ${quoteText(trigger)} AND tgenabled = 'A'
      ) THEN
        DROP TRIGGER IF EXISTS ${trigger} ON ${name};
        CREATE TRIGGER ${trigger} ${definition};
        ALTER TABLE ONLY ${name} ENABLE ALWAYS TRIGGER ${trigger};
      END IF;
    END $create$`;
}

export const dropTable = (names: SchemaNames, table: string): string =>
  `DROP TABLE IF EXISTS ${names.qualify(table)}`;

export const dropFunction = (names: SchemaNames, routine: string): string =>
  `DROP FUNCTION IF EXISTS ${names.qualify(routine)}`;

export const dropTrigger = (names: SchemaNames, { table, trigger }: NamedTrigger): string =>
  `DROP TRIGGER IF EXISTS ${trigger} ON ${names.qualify(table)}`;
