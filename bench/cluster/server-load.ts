import { cpuTimeMs } from '../cpu-time';
import { query } from '../postgres';

/** CPU time of a server over some time, in cores: 1 is one core, busy all the time. */
export class ServerLoad {
  private readonly startedAt = performance.now();
  private readonly cpuBefore: number;

  constructor(private readonly pid: number) {
    this.cpuBefore = cpuTimeMs(pid);
  }

  /** Since this was made. */
  cores(): number {
    return (cpuTimeMs(this.pid) - this.cpuBefore) / (performance.now() - this.startedAt);
  }
}

/** How many clients are connected to the database, beside the one that asks. */
export async function connectionsTo(url: string): Promise<number> {
  const [row] = await query<{ count: number }>(
    url,
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend'
       AND pid <> pg_backend_pid()`,
  );
  return row?.count ?? 0;
}
