import assert from 'node:assert/strict';
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './processes.mjs';

const hosts = dirname(dirname(fileURLToPath(import.meta.url)));
const repository = dirname(dirname(hosts));

/** A folder far from this repository, so that nothing in it finds our `node_modules`. */
export class Workshop {
  constructor() {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'nestjs-logout-hosts-')));
    // PostgreSQL runs as somebody else where we are root.
    chmodSync(this.folder, 0o755);
    this.npmEnv = hasWritableHome() ? {} : { npm_config_cache: join(this.folder, 'npm-cache') };
  }

  /**
   * The tarball as it would be published, `nestjs-logout.tgz`: that of the variable `TEST_TARBALL`,
   * or one of what is built.
   * @returns the files in it.
   */
  async pack() {
    const tarball = join(this.folder, 'nestjs-logout.tgz');
    if (process.env.TEST_TARBALL) copyFileSync(process.env.TEST_TARBALL, tarball);
    else renameSync(await this.packed(), tarball);
    const list = ['tar', '-tzf', tarball];
    const names = await run(list, { cwd: this.folder, timeoutMs: 60_000 });
    return names
      .trimEnd()
      .split('\n')
      .map((name) => name.replace(/^package\//, ''));
  }

  async packed() {
    const pack = ['npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', this.folder];
    const said = await run(pack, { cwd: repository, env: this.npmEnv, timeoutMs: 60_000 });
    const [{ filename }] = Object.values(JSON.parse(said));
    return join(this.folder, filename);
  }

  /**
   * Copies a host here and installs what it names: exact versions, and our tarball.
   * @param shared a folder of sources that it has in common with other hosts.
   */
  async install(name, shared) {
    const folder = join(this.folder, name);
    for (const source of [shared, name])
      if (source !== undefined) cpSync(join(hosts, source), folder, { recursive: true });
    const install = ['npm', 'install', '--strict-peer-deps', '--ignore-scripts'];
    const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
    const env = this.npmEnv;
    await run([...install, ...quiet], { cwd: folder, env, timeoutMs: 600_000 });
    return folder;
  }

  close() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Two copies of Nest are two dependency injections: ours would not know the host's Reflector. */
export function assertOneCopyEach(folder, names) {
  const files = readdirSync(join(folder, 'node_modules'), { recursive: true });
  for (const name of names) {
    const ending = `/node_modules/${name}/package.json`;
    const copies = files.filter((file) => `/node_modules/${file}`.endsWith(ending));
    assert.deepEqual(copies, [`${name}/package.json`], `copies of ${name}`);
  }
}

function hasWritableHome() {
  try {
    accessSync(homedir(), constants.W_OK);
    return true;
  } catch {
    // None at all, as for users such as nobody, or somebody else's.
    return false;
  }
}
