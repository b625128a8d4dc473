import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../src/service/embedded-postgres/embedded-postgres';
import { query } from './postgres';
import { killAll, launch } from './processes';
import { TokenSigner } from './tokens';

/**
 * Of our own package: PostgreSQL as initdb leaves it but for `max_connections`; fsync and
 * synchronous_commit are on.
 */
type Postgres = Awaited<ReturnType<typeof startEmbeddedPostgres>>;

/** What a bench needs beside the usual. */
interface Needs {
  /** @defaultValue true */
  readonly needsRedis?: boolean;
  /** Of PostgreSQL. @defaultValue 600: five for each of a hundred instances, while they start */
  readonly maxConnections?: number;
}

/** A folder, a PostgreSQL, a Redis and keys; all of it is gone when the bench is over. */
export class BenchEnvironment {
  readonly signer = new TokenSigner();
  private readonly folder = makeFolder();
  private redisPort = 0;
  private stopRedis?: () => Promise<void>;
  private postgres?: Postgres;
  private closing?: Promise<void>;

  constructor(private readonly needs: Needs = {}) {}

  /** Starts everything. @throws {Error} something did not start; `close` ends the rest. */
  async open(): Promise<void> {
    const { needsRedis = true, maxConnections = 600 } = this.needs;
    this.postgres = await startEmbeddedPostgres({
      dataDir: this.file('postgres'),
      settings: { max_connections: String(maxConnections) },
    });
    if (!needsRedis) return;
    this.redisPort = await freePort();
    const quiet = ['--save', '', '--appendonly', 'no', '--dir', this.folder];
    const local = ['--port', String(this.redisPort), '--bind', '127.0.0.1'];
    this.stopRedis = launch('redis-server', [...local, ...quiet]);
    await untilListening(this.redisPort);
  }

  get postgresPid(): number {
    return this.postgres?.pid ?? 0;
  }

  get redisUrl(): string {
    return `redis://127.0.0.1:${this.redisPort}`;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** @returns the URL of a new, empty database. */
  async createDatabase(): Promise<string> {
    if (this.postgres === undefined) throw new Error('the environment is not open');
    const name = `bench_${randomBytes(6).toString('hex')}`;
    await query(this.postgres.url(), `CREATE DATABASE ${name}`);
    return this.postgres.url(name);
  }

  get isClosing(): boolean {
    return this.closing !== undefined;
  }

  /** Ends all that was started, and removes the folder. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.clear();
    return this.closing;
  }

  private async clear(): Promise<void> {
    killAll();
    await this.stopRedis?.();
    await this.postgres?.stop();
    if (this.postgres !== undefined)
      rmSync(this.postgres.dataDir, { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function makeFolder(): string {
  // On a disk, as /var/tmp is by convention: in memory, as /tmp may be, a durable commit is free.
  const place = existsSync('/var/tmp') ? '/var/tmp' : tmpdir();
  const folder = realpathSync(mkdtempSync(join(place, 'nestjs-logout-bench-')));
  chmodSync(folder, 0o755); // PostgreSQL runs as another user where we are root
  return folder;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function untilListening(port: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isListening(port))) {
    if (Date.now() > deadline) throw new Error('redis-server did not start');
    await sleep(50);
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false; // refused: not yet
  } finally {
    socket.destroy();
  }
}
