import type { SchemaNames } from './schema-names';

/**
 * Which revocations an instance of this version refuses tokens by. 1: those of tokens and of cookie
 * sessions. 2: of every scope.
 */
export const SPEAKS = 2;

/** Half of that, in its stalenesses, after an instance was last seen it answers from memory no more. */
export const DEAD_AFTER_STALENESSES = 10;

/** SQLSTATE of what is refused because of an instance of an older version. */
export const OUTDATED_INSTANCE = 'NL001';

/**
 * Statements of PL/pgSQL that refuse revocations while an instance is live that would not refuse
 * tokens by them. The table of instances has a few rows, and is asked first.
 *
 * After a failover a row may look older than it is. Its instance, if it lives, announces itself to
 * this server within its staleness.
 * @param scopes SQL of an array of texts.
 */
export const refuseBesideOutdated = (names: SchemaNames, scopes: string): string => `
  IF EXISTS (
    SELECT FROM ${names.qualify('replica_instances')} WHERE speaks < 2
      AND seen_at >= now() - max_staleness_ms * interval '${DEAD_AFTER_STALENESSES} milliseconds'
  ) THEN
    IF EXISTS (
      SELECT FROM unnest(${scopes}) AS scope WHERE scope NOT IN ('token', 'server-session')
    ) THEN
      RAISE EXCEPTION 'an instance of an older version answers from memory'
        USING ERRCODE = '${OUTDATED_INSTANCE}';
    END IF;
  END IF;`;
