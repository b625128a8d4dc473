import { type Output, transformFileSync } from '@swc/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(__dirname, '..', '..');
const SOURCES = join(ROOT, 'src', 'service', 'embedded-postgres');

// Starts a server, says on one line what came of it, and holds it until told to stop.
const PROGRAM = `
  const { startEmbeddedPostgres } = require('./embedded-postgres.js');
  const say = (answer) => console.log(JSON.stringify(answer));
  startEmbeddedPostgres(JSON.parse(process.argv[2])).then(
    (server) => {
      say({ pid: server.pid, port: server.port, dataDir: server.dataDir, url: server.url() });
      process.stdin.once('data', () => server.stop().then(() => process.exit()));
    },
    (error) => { say({ refusal: error.message }); process.exit(1); },
  );`;

/** What a process that started a server says of it, or why it could not. */
export interface Launched {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly dataDir: string;
  readonly url: string;
  readonly refusal?: string;
}

export interface LaunchOptions {
  readonly dataDir: string;
  readonly uid?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** The launcher as plain JavaScript, for child processes under plain Node, run by any user. */
export class LauncherProgram {
  private readonly file: string;
  private readonly children: ChildProcess[] = [];

  /** @param folder where the JavaScript is put; every user must be able to read it. */
  constructor(folder: string) {
    const compiled = join(folder, 'launcher');
    mkdirSync(compiled);
    const names = readdirSync(SOURCES).filter((name) =>
      /^(embedded|own|postgres|postm)/.test(name),
    );
    for (const name of names) {
      writeFileSync(join(compiled, name.replace(/\.ts$/, '.js')), compile(name).code);
    }
    this.file = join(compiled, 'program.js');
    writeFileSync(this.file, PROGRAM);
  }

  /** A Node process that starts; for tests that interfere before a server is up. */
  spawn({ dataDir, uid, env }: LaunchOptions): ChildProcess {
    const options = JSON.stringify({ dataDir, noSync: true, packageRoot: ROOT });
    const child = spawn(process.execPath, [this.file, options], {
      uid,
      gid: uid,
      cwd: '/',
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.on('error', () => undefined); // it may end before it is told to
    this.children.push(child);
    return child;
  }

  /** Resolves with the first line such a process says. */
  async launch(options: LaunchOptions): Promise<Launched> {
    const child = this.spawn(options);
    const lines = createInterface({ input: child.stdout! });
    const [line] = (await once(lines, 'line')) as [string];
    return { child, ...(JSON.parse(line) as Omit<Launched, 'child'>) };
  }

  /** Has every server stopped that was launched, and every process of ours ended. */
  async endAll(): Promise<void> {
    const running = this.children.filter(
      ({ exitCode, signalCode }) => (exitCode ?? signalCode) === null,
    );
    await Promise.all(
      running.map((child) => {
        child.stdin?.write('stop\n');
        return once(child, 'exit');
      }),
    );
  }
}

function compile(name: string): Output {
  return transformFileSync(join(SOURCES, name), {
    module: { type: 'commonjs' },
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    swcrc: false,
  });
}
