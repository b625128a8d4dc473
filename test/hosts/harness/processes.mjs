import { spawn } from 'node:child_process';

const STOP_TIMEOUT_MS = 10_000;
const TAIL_LINES = 40;

const running = new Set();

/** A program did not do as it should; `output` holds the last lines that it wrote. */
export class ProgramError extends Error {
  name = 'ProgramError';

  constructor(command, how, child) {
    super(`"${command.join(' ')}" ${how}`);
    this.output = child.tail();
  }
}

/** Ends every process that was started here and still runs, with all its children. */
export function killAll() {
  for (const child of running) signalGroup(child, 'SIGKILL');
}

/**
 * Runs a command to its end.
 * @returns what it wrote to stdout.
 * @throws {ProgramError} it failed or took longer than `timeoutMs`.
 */
export async function run(command, { cwd, env = {}, timeoutMs }) {
  const child = launch(command, { cwd, env });
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), timeoutMs);
  const { code, signal } = await child.ended;
  clearTimeout(timer);
  if (code === 0) return child.stdoutText();
  const how = signal === 'SIGKILL' ? `did not end within ${timeoutMs} ms` : `ended with ${code}`;
  throw new ProgramError(command, how, child);
}

/**
 * What a program wrote that is not to start.
 * @throws {Error} it started.
 */
export async function failedStart(start) {
  try {
    await start();
  } catch (error) {
    if (error instanceof ProgramError) return error.output;
    throw error;
  }
  throw new Error('it started');
}

/** A host application that was started as its users would start it, and speaks HTTP. */
export class StartedApp {
  static async start(command, { cwd, env, timeoutMs = 60_000 }) {
    const child = launch(command, { cwd, env: { ...env, PORT: '0' } });
    return new StartedApp(command, child, await listeningUrl(child, command, timeoutMs));
  }

  constructor(command, child, url) {
    this.command = command;
    this.child = child;
    this.url = url;
  }

  /** What it has written so far: the last lines. */
  get output() {
    return this.child.tail();
  }

  /**
   * Sends SIGTERM, as an orchestrator does.
   * @throws {ProgramError} it did not end by itself in time, or ended with an error.
   */
  async stop() {
    signalGroup(this.child, 'SIGTERM');
    const timer = setTimeout(() => signalGroup(this.child, 'SIGKILL'), STOP_TIMEOUT_MS);
    const { code, signal } = await this.child.ended;
    clearTimeout(timer);
    // Nest raises the signal again once everything is closed.
    if (code === 0 || signal === 'SIGTERM') return;
    const how = signal === 'SIGKILL' ? 'did not stop in time' : `stopped with ${code ?? signal}`;
    throw new ProgramError(this.command, how, this.child);
  }
}

async function listeningUrl(child, command, timeoutMs) {
  const announced = new Promise((resolve) => {
    child.stdout.on('data', () => {
      const [, url] = /listening on (http:\/\/\S+)/.exec(child.stdoutText()) ?? [];
      if (url !== undefined) resolve(url);
    });
  });
  let timer;
  const tooLate = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  const url = await Promise.race([announced, child.ended.then(() => undefined), tooLate]);
  clearTimeout(timer);
  if (url !== undefined) return url;
  signalGroup(child, 'SIGKILL');
  throw new ProgramError(command, 'did not start to listen', child);
}

function launch([program, ...args], { cwd, env }) {
  // A group of its own, so that what it starts ends with it.
  const child = spawn(program, args, {
    cwd,
    env: { ...cleanEnvironment(), NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  const chunks = [];
  const stdout = [];
  child.stdout.setEncoding('utf8').on('data', (text) => stdout.push(text) && chunks.push(text));
  child.stderr.setEncoding('utf8').on('data', (text) => chunks.push(text));
  child.stdoutText = () => stdout.join('');
  child.tail = () => chunks.join('').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  child.ended = new Promise((resolve) => {
    child.on('error', (error) => {
      chunks.push(error.message);
      resolve({ code: error.code });
    });
    child.on('close', (code, signal) => resolve({ code, signal }));
  }).finally(() => running.delete(child));
  return child;
}

/** Without what `npm run` tells its children about this repository, and what leads back to it. */
function cleanEnvironment() {
  const foreign =
    /^(npm_(package|lifecycle|config_local_prefix)|NODE_PATH$|INIT_CWD$|FORCE_COLOR$|JEST_)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}
