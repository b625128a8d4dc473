/**
 * Kept by each session of the server, because `pg_control_system` reads a file: a third of what a
 * read of the log costs. The cluster of a session never changes, in recovery or not. Behind
 * PgBouncer the session is that of the server too, and `DISCARD ALL` only has it read again. A
 * role that sets it by itself makes two servers differ by the rest alone, which is never kept.
 */
const CLUSTER = `coalesce(nullif(current_setting('nestjs_logout.cluster', true), ''),
  set_config('nestjs_logout.cluster', (pg_control_system()).system_identifier::text, false))`;

const microseconds = (instant: string): string => `encode(timestamptz_send(${instant}), 'hex')`;

/**
 * SQL for what must stay the same for transaction numbers to mean the same, as text of digits,
 * letters, dots and slashes; an ordinary role may read all of it. The cluster; its timeline, which
 * a promotion changes (a server in recovery has none to tell); when its postmaster started, hence
 * also a restored copy; and when its statistics began, which is anew after every crash. The last
 * is for a backend that is killed: the server then recovers under the same postmaster, and numbers
 * that had not committed are given out again (seen on 18: a snapshot that counted them as ended
 * would hide what commits under them later).
 *
 * All but the cluster is read each time: a session that connected to a standby is still there
 * after the promotion, and an operator may reset the statistics, which all sessions must see.
 */
export const SERVER_IDENTITY = `concat_ws('/', ${CLUSTER},
  CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
  ${microseconds('pg_postmaster_start_time()')},
  ${microseconds('pg_stat_get_bgwriter_stat_reset_time()')})`;
