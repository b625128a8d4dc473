import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtProject } from '../support/built-project';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder';
import { within } from './wire';

const BOOT_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;

/** The built project, with a folder for what its services write. */
export class BuiltProject {
  private readonly folder: TemporaryFolder = temporaryFolder();
  private started = 0;

  /** @param path of the folder that holds `dist`. */
  private constructor(private readonly path: string) {}

  /** @throws {Error} the project does not compile. */
  static async open(): Promise<BuiltProject> {
    return new BuiltProject(await builtProject());
  }

  /** `node dist/src/main.js`, with nothing in its environment but what is given. */
  async start(env: Readonly<Record<string, string>>): Promise<StartedService> {
    const dataDir = join(this.folder.path, `data-${(this.started += 1)}`);
    mkdirSync(dataDir);
    const main = join(this.path, 'dist', 'src', 'main.js');
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
    const line = /The service listens on (http:\/\/[\d.]+:\d+)[. ]/;
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

  /** Resolves when it has ended by itself, and all it said is in `output`. */
  async ended(): Promise<void> {
    await this.exited;
  }

  /** Ends it in any case, at once. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}
