import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, closeSync, existsSync, fsyncSync, lchownSync } from 'node:fs';
import { mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { ServerUser } from './own-folder';

/** Where one cluster keeps its things: the data, and beside it what the server must not own. */
export interface Cluster {
  readonly dataDir: string;
  /** Holds the superuser's password; mode 0600, of the user who started the service. */
  readonly passwordFile: string;
  readonly logFile: string;
}

/**
 * The cluster of this user's own folder, made or not. The folder's name carries no version: data
 * of another major version must stop the server, not be passed over for an empty new cluster.
 */
export function clusterIn(folder: string): Cluster {
  const at = (name: string): string => join(folder, 'postgres', name);
  return { dataDir: at('data'), passwordFile: at('password'), logFile: at('server.log') };
}

/** @throws {Error} when the password cannot be read: there is no access to the data without it. */
export function readPassword({ passwordFile, dataDir }: Cluster): string {
  try {
    return readFileSync(passwordFile, 'utf8').trim();
  } catch (cause) {
    throw new Error(
      `The password of the embedded PostgreSQL is missing or closed (${passwordFile}). ` +
        `Put it back, or remove ${dirname(dataDir)} to begin with no data.`,
      { cause },
    );
  }
}

/** What programs need to run at all, here and on Windows. */
const NEEDED =
  /^(?:PATH|HOME|TMPDIR|TEMP|TMP|TZ|LD_LIBRARY_PATH|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC)$/i;

/**
 * Environment for PostgreSQL's programs: nothing that would redirect or translate them, and none of
 * our secrets. Other processes of the server's user could read those there.
 */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => NEEDED.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}

/**
 * Makes the cluster unless it is there. It appears whole or not at all: a start that is killed
 * half-way leaves nothing that the next one could mistake for data, and of two first starts at
 * once one wins and both use its cluster.
 *
 * @throws {Error} when initdb fails, with what it said.
 */
export function ensureCluster(
  cluster: Cluster,
  { bin, user, noSync }: { bin: string; user: ServerUser; noSync: boolean },
): void {
  const folder = dirname(cluster.dataDir);
  const parent = dirname(folder);
  sweepAbandoned(parent);
  if (existsSync(cluster.dataDir)) {
    giveTo(cluster.dataDir, user);
    return;
  }
  const half = mkdtempSync(join(parent, 'initdb-'));
  try {
    chmodSync(half, 0o755);
    initialise(join(half, 'postgres'), { bin, user, noSync });
    renameUnlessThere(join(half, 'postgres'), folder);
    syncFolder(parent);
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}

function initialise(
  folder: string,
  { bin, user, noSync }: { bin: string; user: ServerUser; noSync: boolean },
): void {
  requirePasswdEntry();
  const dataDir = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  mkdirSync(dataDir, { recursive: true });
  chmodSync(folder, 0o755);
  chmodSync(dataDir, 0o700);
  const password = randomBytes(24).toString('base64url');
  writeFileSync(passwordFile, password, { mode: 0o600, flush: true });
  for (const path of [dataDir, passwordFile]) chown(path, user);
  const arguments_ = ['-D', dataDir, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8'];
  arguments_.push(`--pwfile=${passwordFile}`, '--locale=C');
  arguments_.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8');
  if (noSync) arguments_.push('--no-sync');
  const options = { ...user, cwd: '/', env: postgresEnvironment(), encoding: 'utf8' } as const;
  const run = spawnSync(join(bin, 'initdb'), arguments_, options);
  if (run.status !== 0) {
    const said = (run.error?.message ?? `${run.stdout}\n${run.stderr}`).trim();
    throw new Error(`initdb could not make ${dataDir}: ${said}`);
  }
  takeBack(passwordFile);
}

/** initdb looks its own user up by name, and gives up on a bare number (`docker run -u 12345`). */
function requirePasswdEntry(): void {
  try {
    userInfo();
  } catch (cause) {
    throw new Error(
      `The user of this process (uid ${process.getuid?.() ?? 'unknown'}) has no passwd entry, ` +
        'which the embedded PostgreSQL needs. Set DATABASE_URL to a PostgreSQL of your own.',
      { cause },
    );
  }
}

function chown(path: string, { uid, gid }: ServerUser): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

function takeBack(path: string): void {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

/** After a copy made by root the files are root's, and the server could not open them. */
function giveTo(dataDir: string, { uid, gid }: ServerUser): void {
  if (uid === undefined || gid === undefined || statSync(dataDir).uid === uid) return;
  for (const entry of readdirSync(dataDir, { recursive: true, encoding: 'utf8' })) {
    lchownSync(join(dataDir, entry), uid, gid);
  }
  chownSync(dataDir, uid, gid);
}

function renameUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(join(to, 'data'))) throw error;
  }
}

/** Without this a power cut could undo the rename after rows were committed below it. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // folders cannot be opened there
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** Removes what starts that were killed during initdb left behind, once they are surely over. */
function sweepAbandoned(parent: string): void {
  const tenMinutesAgo = Date.now() - 600_000;
  const halves = readdirSync(parent).filter((name) => name.startsWith('initdb-'));
  for (const half of halves.map((name) => join(parent, name))) {
    const mtimeMs = statSync(half, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (mtimeMs < tenMinutesAgo) rmSync(half, { recursive: true, force: true });
  }
}
