/**
 * SQL for what must stay the same for transaction numbers to mean the same, as text of digits,
 * letters, dots and slashes; an ordinary role may read all of it. The cluster; its timeline, which
 * a promotion changes (a server in recovery has none to tell); when its postmaster started, hence
 * also a restored copy; and when its statistics began, which is anew after every crash. The last
 * is for a backend that is killed: the server then recovers under the same postmaster, and numbers
 * that had not committed are given out again (seen on 18: a snapshot that counted them as ended
 * would hide what commits under them later).
 */
export const SERVER_IDENTITY = `concat_ws('/',
  (SELECT system_identifier FROM pg_control_system()),
  CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
  extract(epoch FROM pg_postmaster_start_time()),
  extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()))`;
