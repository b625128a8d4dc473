import type { LogoutMigration } from './logout-migration';
import { createFunction, createSchema, dropFunction } from './owned-objects';

/** The schema, and what takes rights in it from others than the owner. */
export const createLogoutSchema: LogoutMigration = {
  name: 'CreateLogoutSchema1795132800000',
  makes: { relations: [], routines: ['keep_routine_to_owner', 'keep_table_to_owner'] },

  // Platforms grant rights on what is new to roles of theirs by ALTER DEFAULT PRIVILEGES. A member
  // of such a role could delete a revocation, or write into the audit.
  up: (names) => [
    createSchema(names),
    createFunction(
      names,
      'keep_routine_to_owner',
      '(routine regproc) RETURNS void LANGUAGE plpgsql',
      `
      DECLARE
        stranger text;
      BEGIN
        FOR stranger IN
          SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC'
            ELSE quote_ident(pg_get_userbyid(grantee)) END
          FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
          WHERE pg_proc.oid = routine AND grantee <> proowner
        LOOP
          EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %s', routine, stranger);
        END LOOP;
      END`,
    ),
    createFunction(
      names,
      'keep_table_to_owner',
      '(relation regclass) RETURNS void LANGUAGE plpgsql',
      `
      DECLARE
        stranger text;
      BEGIN
        FOR stranger IN
          SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC'
            ELSE quote_ident(pg_get_userbyid(grantee)) END
          FROM pg_class, aclexplode(relacl)
          WHERE pg_class.oid = relation AND grantee <> relowner
        LOOP
          EXECUTE format('REVOKE ALL ON TABLE %s FROM %s', relation, stranger);
        END LOOP;
      END`,
    ),
  ],

  // The schema stays where it holds something else, such as the list of migrations that ran.
  down: (names) => [
    dropFunction(names, 'keep_table_to_owner'),
    dropFunction(names, 'keep_routine_to_owner'),
    `DO $$ BEGIN
      DROP SCHEMA IF EXISTS ${names.quotedSchema};
    EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
    END $$`,
  ],
};
