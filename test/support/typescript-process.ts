import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

const ROOT = join(__dirname, '..', '..');

// Compiles what is required just as Jest does, so that nothing needs to be built beforehand.
const LOADER = `
  const { transformFileSync } = require('@swc/core');
  const { transform } = require('./jest.config.js');
  const [, options] = transform['\\\\.ts$'];
  require.extensions['.ts'] = (module, file) => {
    module._compile(transformFileSync(file, { ...options, swcrc: false }).code, file);
  };`;

/** What a process left behind. */
export interface Ending {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Node process that runs TypeScript of the project, with an environment of its own. */
export class TypescriptProcess {
  private readonly child: ChildProcess;
  private readonly output: Promise<[string, string]>;
  private readonly exit: Promise<unknown>;

  /** @param program CommonJS that may `require` from the project's root. */
  constructor(program: string, env: NodeJS.ProcessEnv = {}) {
    const { PATH } = process.env;
    this.child = spawn(process.execPath, ['-e', LOADER + program], {
      cwd: ROOT,
      env: { PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced', // dates as they are
    });
    this.exit = once(this.child, 'exit');
    this.output = Promise.all([text(this.child.stdout!), text(this.child.stderr!)]);
  }

  /** The first line it says; `undefined` when it ends without a word. */
  firstLine(): Promise<string | undefined> {
    return this.lineWith('');
  }

  /** The first line with this in it; `undefined` when it ends without. */
  lineWith(part: string): Promise<string | undefined> {
    const lines = createInterface({ input: this.child.stdout! });
    return new Promise((resolve) => {
      lines.once('close', () => {
        resolve(undefined);
      });
      lines.on('line', (line) => {
        if (line.includes(part)) resolve(line);
      });
    });
  }

  /** Sends a message to a program that listens to its `process`. */
  send(message: object): void {
    this.child.send(message);
  }

  onMessage(listen: (message: unknown) => void): void {
    this.child.on('message', listen);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** What it left behind, once it has ended by itself or by a signal. */
  async ending(): Promise<Ending> {
    const [stdout, stderr] = await this.output;
    await this.exit;
    return { code: this.child.exitCode, stdout, stderr };
  }

  /** Ends it in any case. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exit;
  }
}
