import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, chmodSync, constants, existsSync, lstatSync, mkdirSync } from 'node:fs';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** Where the service keeps its data. */
export interface DataPlace {
  readonly dataDir: string;
  /**
   * Whether the data may lie elsewhere if `dataDir` cannot be written, or not be reached by the
   * server's user. Not for a folder that was asked for: it may be a volume, and what lies elsewhere
   * is gone with the container.
   * @defaultValue true
   */
  readonly mayMove?: boolean;
}

/** The system user PostgreSQL runs as. Empty: the user of this process. */
export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

const myUid = (): number | undefined => process.getuid?.();
const isRoot = (): boolean => myUid() === 0;

/**
 * PostgreSQL refuses to run as root, and initdb needs a user with a passwd entry. Root runs the
 * server as `nobody`, or else as the first ordinary entry. Any other user runs it as itself.
 *
 * @throws {Error} when root has no other user to turn to.
 */
export function serverUser(): ServerUser {
  if (!isRoot()) return {};
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid }) => uid > 0);
  const user = users.find(({ name }) => name === 'nobody') ?? users[0];
  if (user === undefined) {
    throw new Error(
      'PostgreSQL does not run as root, and /etc/passwd has no other user. ' +
        'Set DATABASE_URL to a PostgreSQL of your own.',
    );
  }
  return { uid: user.uid, gid: user.gid };
}

function home(): string {
  try {
    return homedir();
  } catch {
    return '/nonexistent'; // neither HOME nor a passwd entry; nothing can be made below this
  }
}

/** Where this user may keep things, durably, when the wanted place will not do. */
export function placeElsewhere(): string {
  if (isRoot()) return '/var/lib/nestjs-logout';
  return join(process.env.XDG_DATA_HOME ?? join(home(), '.local', 'share'), 'nestjs-logout');
}

/** Whether the server's user can enter the folder. Asked of the system, so ACLs count as well. */
function isReachable(folder: string, { uid, gid }: ServerUser): boolean {
  if (uid === undefined) return true;
  const options = { uid, gid, cwd: '/', env: {}, stdio: 'ignore' } as const;
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], options).status === 0;
}

/** A real folder that we own and may write to. A link does not count: others may have laid it. */
function isOwn(folder: string): boolean {
  try {
    const { uid } = lstatSync(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
    return lstatSync(folder).isDirectory() && (myUid() === undefined || uid === myUid());
  } catch {
    return false; // absent, or closed to us: not ours either way
  }
}

/**
 * Makes the folder and its missing parents. A strict umask would shut the server's user out of
 * folders that root makes, so what is made here is opened for passing through, not for writing.
 */
function makeFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) chmodSync(made, 0o755);
  if (!isRoot()) chmodSync(folder, 0o700);
}

/** @returns whether the folder is there, ours, and open to the server's user. */
export function claimFolder(folder: string, user: ServerUser): boolean {
  try {
    makeFolder(folder);
  } catch {
    return false; // a parent belongs to another user
  }
  return isOwn(folder) && isReachable(folder, user);
}

/** Whether the folder has contents. Says nothing about whether they are ours. */
function isFilled(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return isThere(folder); // closed to us, which empty folders of ours never are
  }
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // below a folder that is closed to us: nothing of ours
  }
}

function placesFor(dataDir: string): string[] {
  const wanted = resolve(dataDir);
  const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
  return [join(wanted, `uid-${myUid() ?? 'own'}`), join(placeElsewhere(), hash)];
}

/** The folder of this user's data below `dataDir`, or elsewhere on its behalf, if there is any. */
export function existingFolder(dataDir: string): string | undefined {
  const kept = placesFor(dataDir).find(isFilled);
  return kept === undefined ? undefined : realpathSync(kept);
}

/**
 * The folder below `dataDir` that belongs to the user of this process, made when missing. Each
 * user has one, so data that root made is never in another user's way, nor the reverse. Where
 * `dataDir` cannot be written, or the server's user cannot reach it, the folder lies elsewhere, if
 * it may: below /var/lib for root, below the home for others. A folder with data in it is kept for
 * good.
 *
 * @throws {Error} when there is no such place, or when existing data can no longer be used:
 * starting with empty data would bring every revoked token back.
 */
export function ownFolder(
  { dataDir, mayMove = true }: DataPlace,
  user: ServerUser = serverUser(),
): string {
  const places = mayMove ? placesFor(dataDir) : placesFor(dataDir).slice(0, 1);
  const kept = places.find(isFilled);
  if (kept !== undefined) return stillUsable(realpathSync(kept), user);
  const place = places.find((folder) => claimFolder(folder, user));
  if (place !== undefined) return realpathSync(place);
  throw new Error(
    `DATA_DIR must be a folder that uid ${myUid() ?? 'unknown'} can write to and uid ` +
      `${user.uid ?? myUid() ?? 'unknown'} can enter: ${places.join(' and ')} cannot be used. Give ` +
      'the folder to that user (chown), set DATA_DIR to another, or set DATABASE_URL and JWT_SECRET.',
  );
}

function stillUsable(kept: string, user: ServerUser): string {
  if (isOwn(kept) && isReachable(kept, user)) return kept;
  throw new Error(
    `There is data in ${kept}, but uid ${user.uid ?? myUid() ?? 'unknown'}, as which PostgreSQL ` +
      'runs, cannot reach it, or the folder belongs to another user. Open the folders above it ' +
      '(chmod o+x) or give it back (chown), or set DATABASE_URL.',
  );
}

/**
 * The folder of the package.json of this package, from the sources and from dist alike.
 * @throws {Error} there is none.
 */
export function packageRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) throw new Error(`There is no package.json above ${__dirname}.`);
    folder = dirname(folder);
  }
  return folder;
}

export const defaultDataDir = (): string => join(packageRoot(), '.data');
