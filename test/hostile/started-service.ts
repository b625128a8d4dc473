import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder';
import { within } from './wire';

const ROOT = join(__dirname, '..', '..');
const BOOT_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;

/** The project as `npm run build` makes it, in a folder of its own: `dist` is not touched. */
export class BuiltProject {
  private readonly folder: TemporaryFolder = temporaryFolder();
  private started = 0;

  /** @throws {Error} it does not compile. Types are the type check's matter, not looked at here. */
  constructor() {
    const options = {
      project: 'tsconfig.build.json',
      outDir: join(this.folder.path, 'dist'),
      noCheck: 'true',
      declaration: 'false',
      sourceMap: 'false',
      // What was built before is of another folder.
      incremental: 'false',
      tsBuildInfoFile: 'null',
    };
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const arguments_ = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const { status, stdout } = spawnSync(process.execPath, [compiler, ...arguments_], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`The project does not compile:\n${stdout}`);
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder.path, 'node_modules'), 'dir');
  }

  /** `node dist/src/main.js`, with nothing in its environment but what is given. */
  async start(env: Readonly<Record<string, string>>): Promise<StartedService> {
    const dataDir = join(this.folder.path, `data-${(this.started += 1)}`);
    mkdirSync(dataDir);
    const main = join(this.folder.path, 'dist', 'src', 'main.js');
    const child = spawn(process.execPath, [main], {
      cwd: dataDir,
      env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const service = new StartedService(child, dataDir);
    await service.listening();
    return service;
  }

  remove(): void {
    this.folder.remove();
  }
}

/** A running service: a process of its own. */
export class StartedService {
  url = '';
  /** All it has said so far, on stdout and stderr, as it came. */
  output = '';
  private readonly exited: Promise<unknown>;

  constructor(
    private readonly child: ChildProcess,
    /** Where it may write files, and its working folder. */
    readonly dataDir: string,
  ) {
    this.exited = once(child, 'close');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** What it holds in memory, in MB; `undefined` where the system does not tell, unlike Linux. */
  residentMegabytes(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.child.pid ?? 0}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
    } catch {
      return undefined;
    }
  }

  /** @throws {Error} with all it said, when it does not come up. */
  async listening(): Promise<void> {
    const line = /The service listens on (http:\/\/[\d.]+:\d+)\./;
    const end = Date.now() + BOOT_TIMEOUT_MS;
    while (this.isRunning && Date.now() < end) {
      const [, url] = line.exec(this.output) ?? [];
      if (url !== undefined) {
        this.url = url;
        return;
      }
      await within(20, this.exited);
    }
    await this.stop();
    throw new Error(`The service does not come up:\n${this.output}`);
  }

  /** Asks it to end, and reads what it says until then. @returns its exit code. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    if ((await within(STOP_TIMEOUT_MS, this.exited)) === undefined) await this.kill();
    return this.child.exitCode;
  }

  /** Ends it in any case, at once. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}
