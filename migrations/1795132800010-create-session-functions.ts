import type { LogoutMigration } from './logout-migration';
import { createFunction, dropFunction } from './owned-objects';
import { endOtherSessions, endSessions } from './session-ends';
import { openSession } from './session-opening';
import { refreshSessions } from './session-refreshes';

/**
 * What opens, refreshes and ends sessions. Each takes its order as JSON and returns the number of
 * its transaction, if that wrote anything, and its answer as JSON. Locks are taken in one order:
 * advisory ones of subject, client and issuer; sessions by \`sid\`; revocations.
 */
export const createSessionFunctions: LogoutMigration = {
  name: 'CreateSessionFunctions1795132800010',
  makes: {
    relations: [],
    routines: ['open_session', 'refresh_sessions', 'end_sessions', 'end_other_sessions'],
  },

  // Plans are kept for all sizes of the tables, and made when they are empty.
  up: (names) =>
    [openSession, refreshSessions, endSessions, endOtherSessions].map(({ name, body }) =>
      createFunction(
        names,
        name,
        `(asked json) RETURNS TABLE (xid text, answer text)
        LANGUAGE plpgsql
        SET plan_cache_mode = force_generic_plan SET enable_seqscan = off`,
        `
        #variable_conflict use_column
        ${body(names)}`,
      ),
    ),

  down: (names) =>
    [endOtherSessions, endSessions, refreshSessions, openSession].map(({ name }) =>
      dropFunction(names, name),
    ),
};
