import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { builtProject } from '../support/built-project';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder';

const ROOT = join(__dirname, '..', '..');

/** What npm installs together with the package. */
const BROUGHT = ['@opentelemetry/api', 'lru-cache'];
const NEST = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];
const MODULE = ['@nestjs/passport', 'class-validator', 'passport'];
const STORE = ['pg', 'typeorm'];

/** A project in which the package is installed, and of all others only those that it is given. */
class Project {
  private readonly folder: TemporaryFolder = temporaryFolder();

  constructor(built: string) {
    const own = join(this.modules, 'nestjs-logout');
    for (const part of ['src', 'migrations'])
      cpSync(join(built, 'dist', part), join(own, 'dist', part), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(own, 'package.json'));
    this.install(BROUGHT);
  }

  private get modules(): string {
    return join(this.folder.path, 'node_modules');
  }

  install(names: readonly string[]): void {
    for (const name of names) {
      const place = join(this.modules, name);
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), place);
    }
  }

  /** @returns the message of the error that the import ends with. */
  import(entry: string): string {
    const program = `import(${JSON.stringify(entry)}).then(() => console.log('loaded'),
      (error) => console.log(error.message));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
      cwd: this.folder.path,
      encoding: 'utf8',
    });
    return stdout.trimEnd() || stderr;
  }

  remove(): void {
    this.folder.remove();
  }
}

describe('An entry whose packages are not installed says so in one sentence', () => {
  let built: string;
  let project: Project;

  beforeAll(async () => {
    built = await builtProject();
  });

  beforeEach(() => {
    project = new Project(built);
  });

  afterEach(() => {
    project.remove();
  });

  it.each([
    [
      'nestjs-logout',
      NEST,
      'nestjs-logout needs packages that are not installed: npm install @nestjs/passport ' +
        'class-validator passport',
    ],
    [
      'nestjs-logout',
      [...NEST, ...MODULE.filter((name) => name !== 'passport')],
      'nestjs-logout needs a package that is not installed: npm install passport',
    ],
    [
      // Nest itself cannot be loaded then, and is not what is missing.
      'nestjs-logout',
      [...NEST.filter((name) => name !== 'rxjs'), ...MODULE],
      'nestjs-logout needs a package that is not installed: npm install rxjs',
    ],
    [
      'nestjs-logout/postgres',
      [],
      'nestjs-logout/postgres needs packages that are not installed: npm install pg typeorm',
    ],
    [
      'nestjs-logout/postgres',
      ['typeorm'],
      'nestjs-logout/postgres needs a package that is not installed: npm install pg',
    ],
    [
      'nestjs-logout/jwt',
      NEST,
      'nestjs-logout/jwt needs a package that is not installed: npm install @nestjs/jwt',
    ],
    [
      'nestjs-logout/passport',
      NEST,
      'nestjs-logout/passport needs a package that is not installed: npm install passport-jwt',
    ],
    [
      'nestjs-logout/terminus',
      NEST,
      'nestjs-logout/terminus needs a package that is not installed: npm install @nestjs/terminus',
    ],
    [
      'nestjs-logout/socket.io',
      [...NEST, '@nestjs/websockets'],
      'nestjs-logout/socket.io needs a package that is not installed: npm install ' +
        '@nestjs/platform-socket.io',
    ],
    [
      'nestjs-logout/ws',
      [...NEST, '@nestjs/websockets'],
      'nestjs-logout/ws needs a package that is not installed: npm install @nestjs/platform-ws',
    ],
    [
      'nestjs-logout/nats',
      [],
      'nestjs-logout/nats needs a package that is not installed: npm install @nats-io/transport-node',
    ],
  ])('%s beside %j', (entry, installed, sentence) => {
    project.install(installed);
    expect(project.import(entry)).toBe(sentence);
  });

  it('README installs what the module and its store need beside Nest, and no more', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const [, names = ''] = /^ *npm install (.*)$/m.exec(readme) ?? [];
    expect(names.split(' ').sort()).toEqual(['nestjs-logout', ...MODULE, ...STORE].sort());
  });

  it.each([
    ['nestjs-logout', [...NEST, ...MODULE]],
    ['nestjs-logout/jwt', [...NEST, '@nestjs/jwt']],
    ['nestjs-logout/passport', [...NEST, 'passport-jwt']],
    ['nestjs-logout/postgres', STORE],
    ['nestjs-logout/terminus', [...NEST, '@nestjs/terminus']],
    ['nestjs-logout/socket.io', [...NEST, '@nestjs/websockets', '@nestjs/platform-socket.io']],
    ['nestjs-logout/ws', [...NEST, '@nestjs/websockets', '@nestjs/platform-ws']],
    ['nestjs-logout/express', []],
    ['nestjs-logout/memory', []],
    ['nestjs-logout/redis', []],
    ['nestjs-logout/nats', ['@nats-io/transport-node']],
  ])('%s is loaded beside %j', (entry, installed) => {
    project.install(installed);
    expect(project.import(entry)).toBe('loaded');
  });
});
