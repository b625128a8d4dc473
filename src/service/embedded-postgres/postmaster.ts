import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a running server says of itself in the lock file of its data directory. */
interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly state: 'starting' | 'ready' | 'stopping';
}

const lockFile = (dataDir: string): string => join(dataDir, 'postmaster.pid');

/** What postmaster.pid says, true or stale; undefined when there is none or it is being written. */
export function readLockFile(dataDir: string): Postmaster | undefined {
  try {
    const lines = readFileSync(lockFile(dataDir), 'utf8').split('\n');
    const [pid, port] = [Number(lines[0]), Number(lines[3])];
    const word = lines[7]?.trim();
    const state = word === 'ready' || word === 'stopping' ? word : 'starting';
    return pid > 0 ? { pid, port, state } : undefined;
  } catch {
    return undefined; // absent
  }
}

/** The command line of a process: empty for a zombie, undefined when there is no such process. */
function commandLine(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * A live pid proves nothing. It may be a zombie that was never reaped or, after a restart of a
 * container, another program. Our servers name their data directory on the command line.
 */
function holds({ pid }: Postmaster, dataDir: string): boolean {
  if (process.platform === 'win32') return isAlive(pid);
  return commandLine(pid)?.includes(dataDir) === true;
}

/** The server that holds this data directory now. */
export function findPostmaster(dataDir: string): Postmaster | undefined {
  const found = readLockFile(dataDir);
  return found !== undefined && holds(found, dataDir) ? found : undefined;
}

/**
 * Resolves once no process holds the data directory. The watchdog stops a server whose service was
 * killed. This waits for it: 2 s until the stop begins and 30 s until it is done.
 *
 * @throws {Error} when a server is there to stay: two cannot share one data directory.
 */
export async function awaitVacancy(dataDir: string): Promise<void> {
  const started = performance.now();
  for (;;) {
    const found = readLockFile(dataDir);
    if (found === undefined) return;
    if (!holds(found, dataDir)) {
      // PostgreSQL removes a stale lock itself, but only if no process at all has the pid.
      if (isAlive(found.pid)) rmSync(lockFile(dataDir), { force: true });
      return;
    }
    const patienceMs = found.state === 'stopping' ? 30_000 : 2_000;
    if (performance.now() - started > patienceMs) throw occupied(dataDir, found);
    await sleep(20);
  }
}

function occupied(dataDir: string, { pid, port }: Postmaster): Error {
  return new Error(
    `A PostgreSQL already runs on ${dataDir} (pid ${pid}, port ${port}). Stop the service that ` +
      `started it, or give this one a DATA_DIR of its own; if none is left, kill -INT ${pid}.`,
  );
}
