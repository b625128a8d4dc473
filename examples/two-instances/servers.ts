import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../../src/service/embedded-postgres/embedded-postgres';

/** A server, and what its clients are told of it. */
export interface Backend {
  readonly env: NodeJS.ProcessEnv;
  readonly stop: () => Promise<void>;
}

const GIVEN: Backend = { env: {}, stop: () => Promise.resolve() };

/** A PostgreSQL that is thrown away at the end. Yours is a server that you have: DATABASE_URL. */
export async function startPostgres(): Promise<Backend> {
  if (process.env.DATABASE_URL !== undefined) return GIVEN;
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-logout-example-'));
  const server = await startEmbeddedPostgres({ dataDir: folder, noSync: true });
  return {
    env: { DATABASE_URL: server.url() },
    stop: async () => {
      await server.stop();
      for (const each of [server.dataDir, folder]) rmSync(each, { recursive: true, force: true });
    },
  };
}

/**
 * A Redis that keeps nothing. Yours is a server that you have: REDIS_URL.
 * @throws {Error} `redis-server` is not installed, or does not come up.
 */
export async function startRedis(): Promise<Backend> {
  if (process.env.REDIS_URL !== undefined) return GIVEN;
  return start('redis-server', ({ port, folder }) => ({
    args: ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', folder],
    env: { REDIS_URL: `redis://127.0.0.1:${port}` },
  }));
}

/**
 * A NATS with JetStream. Yours is a server that you have: NATS_URL.
 * @throws {Error} `nats-server` is not installed, or does not come up.
 */
export async function startNats(): Promise<Backend> {
  if (process.env.NATS_URL !== undefined) return GIVEN;
  return start('nats-server', ({ port, folder }) => ({
    args: ['-js', '-a', '127.0.0.1', '-p', port, '-sd', folder],
    env: { NATS_URL: `nats://127.0.0.1:${port}` },
  }));
}

async function start(
  program: string,
  how: (place: { port: string; folder: string }) => { args: string[]; env: NodeJS.ProcessEnv },
): Promise<Backend> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-logout-example-'));
  const { args, env } = how({ port: String(port), folder });
  // Debian has some servers where only root looks.
  const PATH = [process.env.PATH, '/usr/sbin'].join(delimiter);
  const server = spawn(program, args, { stdio: 'ignore', env: { ...process.env, PATH } });
  const failed = once(server, 'error').then(() => {
    throw new Error(`${program} is needed. On Debian: apt-get install ${program}`);
  });
  await Promise.race([untilListening(program, port), failed]);
  return {
    env,
    stop: async () => {
      const exit = once(server, 'exit');
      server.kill();
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function untilListening(program: string, port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false, // refused: not yet
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`${program} does not listen.`);
}
