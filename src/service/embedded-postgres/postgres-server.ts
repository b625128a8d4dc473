import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerUser } from './own-folder';
import { type Cluster, postgresEnvironment } from './postgres-cluster';
import { awaitVacancy, readLockFile } from './postmaster';

/** All that one server needs to be started on a cluster that exists. */
interface Launch {
  /** Folder of the programs. */
  readonly bin: string;
  readonly user: ServerUser;
  readonly cluster: Cluster;
  readonly settings: Readonly<Record<string, string>>;
}

/** A server that accepts connections on 127.0.0.1. */
export interface Server {
  readonly pid: number;
  readonly port: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** Fast shutdown; idempotent. @throws {Error} when it takes over 30 s and ends in a kill. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts the server and resolves once it is ready. Some reasons to fail pass by themselves:
 * another program took the free port in between, or processes of a server that was killed still
 * hold its memory. Hence 6 attempts within 4 s.
 *
 * @throws {Error} when another server holds the data, or with the end of the server's log.
 */
export async function launchServer(launch: Launch, port?: number): Promise<Server> {
  for (let pauseMs = 100; ; pauseMs *= 2) {
    await awaitVacancy(launch.cluster.dataDir);
    const server = await launchOnce(launch, port ?? (await freePort()));
    if (server !== undefined) return server;
    if (pauseMs > 2_000) throw notStarted(launch.cluster);
    await sleep(pauseMs);
  }
}

function notStarted({ dataDir, logFile }: Cluster): Error {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-8);
  return new Error(
    `PostgreSQL did not start on ${dataDir}. The end of ${logFile}:\n${lines.join('\n')}`,
  );
}

/** @returns undefined when the server ended before it was ready. */
async function launchOnce(launch: Launch, port: number): Promise<Server | undefined> {
  const child = spawnServer(launch, port);
  const exited = ending(child);
  const { pid } = child;
  if (pid === undefined) return undefined;
  const dismiss = watch(pid, launch.user);
  void exited.then(dismiss);
  if (!(await becomesReady(child, launch.cluster))) return undefined;
  child.unref();
  let stopping: Promise<void> | undefined;
  return { pid, port, exited, stop: () => (stopping ??= stopServer(child, exited, launch)) };
}

async function becomesReady(child: ChildProcess, cluster: Cluster): Promise<boolean> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const lock = readLockFile(cluster.dataDir);
    if (lock?.pid === child.pid && lock?.state === 'ready') return true;
    if (child.exitCode !== null || child.signalCode !== null) return false;
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      throw notStarted(cluster);
    }
    await sleep(5);
  }
}

function spawnServer({ bin, user, cluster, settings }: Launch, port: number): ChildProcess {
  const fixed = { listen_addresses: '127.0.0.1', unix_socket_directories: '', timezone: 'UTC' };
  const flags = Object.entries({ ...fixed, ...settings }).flatMap(([k, v]) => ['-c', `${k}=${v}`]);
  const log = openSync(cluster.logFile, 'a', 0o600);
  try {
    // A session of its own: Ctrl-C in the terminal is for the service, which then stops the server.
    return spawn(join(bin, 'postgres'), ['-D', cluster.dataDir, '-p', String(port), ...flags], {
      ...user,
      cwd: '/',
      env: postgresEnvironment(),
      stdio: ['ignore', log, log],
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

function ending(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.once('error', () => {
      resolve();
    });
  });
}

/**
 * Leaves a shell behind that stops the server as soon as this process is gone, however it went:
 * the pipe between them closes even on kill -9. (A shell, since it survives `killall -9 node`.)
 * Windows has none; there the next start finds the old server and says how to end it.
 *
 * @returns dismisses the shell, for when the server has ended and its pid may be given away.
 */
function watch(pid: number, user: ServerUser): () => void {
  if (process.platform === 'win32') return () => undefined;
  const script = `trap '' HUP INT TERM; read -r word; [ "$word" = dismissed ] || kill -INT "$1"`;
  const shell = spawn('/bin/sh', ['-c', script, 'sh', String(pid)], {
    ...user,
    cwd: '/',
    env: postgresEnvironment(),
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.on('error', () => undefined); // no shell: only then a killed parent goes unnoticed
  shell.stdin.on('error', () => undefined); // the shell itself was killed
  shell.unref();
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return () => {
    shell.stdin.end('dismissed\n');
  };
}

function stopServer(
  child: ChildProcess,
  exited: Promise<void>,
  { bin, cluster }: Launch,
): Promise<void> {
  if (process.platform === 'win32') {
    // Windows has no SIGINT to send: it would be a kill.
    spawnSync(join(bin, 'pg_ctl'), ['stop', '-D', cluster.dataDir, '-m', 'fast', '-W']);
  } else {
    child.kill('SIGINT');
  }
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error('PostgreSQL did not stop within 30 s and was killed.'));
    }, 30_000);
    // We reap our own child, so we learn of its end even where pid 1 reaps no zombies.
    void exited.then(() => {
      clearTimeout(limit);
      resolve();
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => {
        resolve(port);
      });
    });
  });
}
