import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../src/service/embedded-postgres/embedded-postgres';
import { BROKERS, type BrokerName } from './brokers';
import { query } from './postgres';
import { killAll, launch, type Launched } from './processes';
import { TokenSigner } from './tokens';

/**
 * Of our own package: PostgreSQL as initdb leaves it but for `max_connections`; fsync and
 * synchronous_commit are on.
 */
type Postgres = Awaited<ReturnType<typeof startEmbeddedPostgres>>;

/** What a bench needs beside the usual. */
interface Needs {
  /** @defaultValue redis */
  readonly brokers?: readonly BrokerName[];
  /** Of PostgreSQL. @defaultValue 600: five for each of a hundred instances, while they start */
  readonly maxConnections?: number;
}

/** A server that the bench has started, on a port of 127.0.0.1. */
export interface Server {
  /** Its process, or the parent of it: what `cpuTimeMs` is asked with. */
  readonly pid: number;
  readonly port: number;
  readonly url: string;
}

/** A folder, a PostgreSQL, brokers and keys; all of it is gone when the bench is over. */
export class BenchEnvironment {
  readonly signer = new TokenSigner();
  private readonly folder = makeFolder();
  private readonly brokers = new Map<BrokerName, Server & Launched>();
  private postgres?: Postgres;
  private closing?: Promise<void>;

  constructor(private readonly needs: Needs = {}) {}

  /** Starts everything. @throws {Error} something did not start; `close` ends the rest. */
  async open(): Promise<void> {
    const { brokers = ['redis'], maxConnections = 600 } = this.needs;
    this.postgres = await startEmbeddedPostgres({
      dataDir: this.file('postgres'),
      settings: { max_connections: String(maxConnections) },
    });
    for (const name of brokers) await this.startBroker(name);
  }

  get postgresPid(): number {
    return this.postgres?.pid ?? 0;
  }

  get postgresPort(): number {
    return this.postgres?.port ?? 0;
  }

  /** `undefined` where it was not needed. */
  get redisUrl(): string | undefined {
    return this.brokers.get('redis')?.url;
  }

  /** @throws {Error} it is none of those that were needed. */
  broker(name: BrokerName): Server {
    const broker = this.brokers.get(name);
    if (broker === undefined) throw new Error(`${name} was not started`);
    return broker;
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

  private async startBroker(name: BrokerName): Promise<void> {
    const { program, args, url } = BROKERS[name];
    const port = await freePort();
    const folder = this.file(name);
    mkdirSync(folder);
    const launched = launch(program, args(port, folder));
    this.brokers.set(name, { ...launched, port, url: url(port) });
    await untilListening(program, port);
  }

  private async clear(): Promise<void> {
    killAll();
    await Promise.all([...this.brokers.values()].map((broker) => broker.stop()));
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

async function untilListening(program: string, port: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isListening(port))) {
    if (Date.now() > deadline) throw new Error(`${program} did not start`);
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
