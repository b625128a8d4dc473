import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder';

const SCRIPT = join('scripts', 'bootstrap.mjs');
let project: TemporaryFolder;

beforeEach(() => {
  project = temporaryFolder();
  cpSync(join(__dirname, '..', '..', '..', SCRIPT), join(project.path, SCRIPT));
  mkdirSync(join(project.path, 'part'));
  write('part/package.json', { name: 'part', version: '1.0.0' });
  const root = { name: 'small', version: '1.0.0', dependencies: { part: 'file:part' } };
  const part = { version: '1.0.0' };
  const link = { resolved: 'part', link: true };
  const packages = { '': root, part, 'node_modules/part': link };
  write('package.json', root);
  write('package-lock.json', { name: 'small', lockfileVersion: 3, requires: true, packages });
});

afterEach(() => {
  project.remove();
});

function write(name: string, content: unknown): void {
  writeFileSync(join(project.path, name), JSON.stringify(content));
}

/** Runs it from another folder than the project's. */
function bootstrap(loglevel = 'notice'): { status: number | null; output: string } {
  const run = spawnSync(process.execPath, [join(project.path, SCRIPT)], {
    cwd: '/',
    encoding: 'utf8',
    env: { ...process.env, npm_config_loglevel: loglevel },
  });
  return { status: run.status, output: run.stdout + run.stderr };
}

const marker = (): string => join(project.path, 'node_modules', '.package-lock.json');

describe('npm start and npm test', () => {
  it('install what is missing', () => {
    expect(bootstrap()).toMatchObject({ status: 0 });
    expect(existsSync(marker())).toBe(true);
  });

  it('touch nothing when all is installed', () => {
    bootstrap();
    const { mtimeMs } = statSync(marker());
    expect(bootstrap()).toEqual({ status: 0, output: '' });
    expect(statSync(marker()).mtimeMs).toBe(mtimeMs);
  });

  it('install again when the lock file is newer than what is installed', () => {
    bootstrap();
    utimesSync(marker(), 1, 1);
    expect(bootstrap().output).toContain('installing dependencies');
    expect(statSync(marker()).mtimeMs).toBeGreaterThan(1_000);
  });

  it.each([
    ['', 'notice'],
    [', also of a silent npm', 'silent'],
  ])('stop with a sentence, and what npm said, when installing fails%s', (_, loglevel) => {
    write('package.json', { name: 'small', version: '1.0.0', dependencies: { ms: '2.1.3' } });
    const { status, output } = bootstrap(loglevel);
    expect(status).toBe(1);
    expect(output).toContain('npm error');
    expect(output).toContain(`bootstrap: npm ci failed in ${project.path} (exit code 1).`);
  });

  it('ask for a newer Node in a sentence', () => {
    const script = readFileSync(join(project.path, SCRIPT), 'utf8');
    const old = script.replace('process.versions.node', `'18.20.4'`);
    writeFileSync(join(project.path, SCRIPT), old);
    const { status, output } = bootstrap();
    expect(status).toBe(1);
    expect(output).toContain('bootstrap: Node 20.19 or newer is needed');
  });
});
