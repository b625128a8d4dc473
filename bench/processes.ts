import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const START_TIMEOUT_MS = 300_000; // ten million revocations on a busy machine
const STOP_TIMEOUT_MS = 5000;
const root = join(__dirname, '..', '..');

const running = new Set<ChildProcess>();

/** Ends at once whatever was started here and still runs, with what that has started. */
export function killAll(): void {
  for (const child of running) end(child);
}

/** Runs a program to its end. @returns what it wrote to stdout. */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  const child = register(spawn(program, args, { stdio, detached: true }));
  const [out, err] = [textOf(child.stdout), textOf(child.stderr)];
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code ?? 'a signal'}: ${err() || out()}`);
  return out();
}

/** A program that runs. */
export interface Launched {
  /** Of the shell whose child it is. */
  readonly pid: number;
  /** Ends it. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts a program that ends, at the latest, with this process: the pipe to a shell between the two
 * closes then.
 */
export function launch(program: string, args: readonly string[]): Launched {
  const script = `trap '' INT TERM HUP; "$0" "$@" & read -r _; kill $!; wait`;
  const stdio: ['pipe', 'ignore', 'ignore'] = ['pipe', 'ignore', 'ignore'];
  const shell = spawn('/bin/sh', ['-c', script, program, ...args], { stdio });
  const exited = once(shell, 'exit');
  const stop = async (): Promise<void> => {
    shell.stdin.end();
    await exited;
  };
  return { pid: shell.pid ?? 0, stop };
}

/** A process of our own that runs one of the bench's modules, and exchanges messages with us. */
export class Worker<Ready> {
  private constructor(
    private readonly child: ChildProcess,
    private readonly gone: Promise<never>,
    /** The first thing that it said. */
    readonly ready: Ready,
  ) {}

  /** @param module below `bench`, such as `apps/open`. @param flags of Node. */
  static async start<Ready>(
    module: string,
    env: NodeJS.ProcessEnv,
    flags: readonly string[] = [],
  ): Promise<Worker<Ready>> {
    const child = register(
      fork(join(__dirname, `${module}.js`), [], {
        execArgv: [...process.execArgv, ...flags],
        // The peers that the package itself has no use for are installed beside the bench.
        env: { ...process.env, ...env, NODE_PATH: join(root, 'bench', 'node_modules') },
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        detached: true,
        serialization: 'advanced', // typed arrays as they are
      }),
    );
    const complaint = textOf(child.stderr);
    const gone = once(child, 'exit').then(() => {
      throw new Error(`${module} ended before its time:\n${complaint().slice(-2000)}`);
    });
    gone.catch(() => undefined); // only of interest to callers that wait for an answer
    const signal = AbortSignal.timeout(START_TIMEOUT_MS);
    const [ready] = (await Promise.race([once(child, 'message', { signal }), gone])) as [Ready];
    return new Worker(child, gone, ready);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Sends a message and resolves with the next one that comes back. */
  async ask<Answer>(question: object | string): Promise<Answer> {
    const answer = once(this.child, 'message');
    this.child.send(question);
    const [message] = (await Promise.race([answer, this.gone])) as [Answer];
    return message;
  }

  /** Sends a message that has no answer. */
  tell(message: object): void {
    this.child.send(message);
  }

  /** Lets it end by itself, and ends it where it does not. */
  async stop(): Promise<void> {
    if (!running.has(this.child)) return;
    const exit = once(this.child, 'exit');
    if (this.child.connected) this.child.disconnect();
    const timer = setTimeout(end, STOP_TIMEOUT_MS, this.child);
    await exit;
    clearTimeout(timer);
  }
}

/** In a worker: calls `leave` and ends once the bench wants that, or is itself gone. */
export function onGoodbye(leave: () => Promise<void> | undefined): void {
  const end = (): void => {
    void Promise.resolve(leave()).finally(() => process.exit());
  };
  if (process.connected) process.once('disconnect', end);
  else end();
}

/** Each leads a group of its own: Ctrl-C is for the bench, which then ends them. */
function end({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

function register(child: ChildProcess): ChildProcess {
  running.add(child);
  const forget = (): void => {
    running.delete(child);
  };
  child.once('exit', forget).once('error', forget);
  return child;
}

function textOf(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: string[] = [];
  stream?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  return () => chunks.join('');
}
