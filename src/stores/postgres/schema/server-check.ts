import type { PostgresConnections } from '../connection/connections';

const OLDEST = 13;

/** @throws {TypeError} the server or the database is of a kind that our tables cannot stand in. */
export async function checkServer({ writes }: PostgresConnections): Promise<void> {
  const { rows } = await writes.query<{ version: string; encoding: string; name: string }>(
    `SELECT current_setting('server_version_num') AS version, current_database()::text AS name,
       current_setting('server_encoding') AS encoding`,
  );
  const { version = '', encoding, name = '' } = rows[0] ?? {};
  const major = Math.floor(Number(version) / 10_000);
  if (major < OLDEST)
    throw new TypeError(
      `nestjs-logout: the server is PostgreSQL ${major}, and ${OLDEST} is the oldest that works. ` +
        'Upgrade it, or use another server for the revocations.',
    );
  // Of another encoding it refuses names and user agents for good, and so the logout.
  if (encoding !== 'UTF8')
    throw new TypeError(
      `nestjs-logout: database "${name}" is encoded in ${encoding ?? 'nothing known'}, and only ` +
        'UTF8 takes every user name. Use a database that was created with ' +
        "ENCODING 'UTF8' TEMPLATE template0 for the revocations.",
    );
}
