import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { NamedTrigger } from './owned-objects';
import type { SchemaNames } from './schema-names';

/** A change of the tables, in plain SQL. */
export interface LogoutMigration {
  /** Ends in thirteen digits, by which TypeORM sorts. */
  readonly name: string;
  /** What it makes, by name: where one of these is missing, it runs again. */
  readonly makes: {
    readonly relations: readonly string[];
    readonly routines: readonly string[];
    /** Those that always run. */
    readonly triggers?: readonly NamedTrigger[];
  };
  /** May run again: what is there already is left as it is. */
  readonly up: (names: SchemaNames) => readonly string[];
  readonly down: (names: SchemaNames) => readonly string[];
}

/** The migration for the tables of one schema, as TypeORM takes it. */
export function classOf({ name, up, down }: LogoutMigration, names: SchemaNames) {
  return class implements MigrationInterface {
    readonly name = name;

    up(runner: QueryRunner): Promise<void> {
      return runAll(runner, up(names));
    }

    down(runner: QueryRunner): Promise<void> {
      return runAll(runner, down(names));
    }
  };
}

async function runAll(runner: QueryRunner, statements: readonly string[]): Promise<void> {
  for (const sql of statements) await runner.query(sql);
}
