import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { BrokerServer } from './broker-server';
import { freePort } from './free-port';

/** Debian's lies where only root looks. */
const env = { ...process.env, PATH: [process.env['PATH'], '/usr/sbin'].join(delimiter) };

/** Whether NATS is installed here; its tests are left out, aloud, where it is not. */
export function hasNats(): boolean {
  const isThere = spawnSync('nats-server', ['--version'], { env }).status === 0;
  if (!isThere) {
    process.stderr.write(
      '\n*** nats-server is not installed: the tests of the relay through NATS are LEFT OUT. ' +
        'Debian: apt-get install nats-server ***\n\n',
    );
  }
  return isThere;
}

/** A NATS; our streams are in memory. */
export class NatsServer extends BrokerServer {
  private constructor(
    port: number,
    private readonly settings: string,
  ) {
    super(port);
  }

  /** @param settings lines of its configuration. */
  static async start(settings = 'jetstream: {}'): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), settings);
    await server.restart();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  protected override launch(): ChildProcess {
    const file = join(this.folder.path, 'nats.conf');
    writeFileSync(file, this.settings);
    const local = ['-a', '127.0.0.1', '-p', String(this.port), '-sd', this.folder.path];
    return spawn('nats-server', ['-c', file, ...local], { stdio: 'ignore', env });
  }

  /** Resolves when it stands still: a thread may go on for a moment after the signal. */
  async stop(): Promise<void> {
    this.signal('SIGSTOP');
    while (!threadStates(this.child?.pid).every((state) => state === 'T')) await sleep(5);
  }

  /** Sends a request of JetStream over a connection of its own, `STREAM.INFO.<stream>` for one. */
  api<T = unknown>(request: string, body?: object): Promise<T> {
    return this.use(async (nats) => {
      const text = body === undefined ? '' : JSON.stringify(body);
      return (await nats.request(`$JS.API.${request}`, text, { timeout: 5000 })).json<T>();
    });
  }

  /** @returns what the stream answers that keeps it. */
  publish(subject: string, text: string, fields: Readonly<Record<string, string>> = {}) {
    return this.use(async (nats) => {
      const made = headers();
      for (const [name, value] of Object.entries(fields)) made.set(name, value);
      return (await nats.request(subject, text, { timeout: 5000, headers: made })).json<object>();
    });
  }

  /** Deletes every stream, or purges it. */
  async clear(how: 'DELETE' | 'PURGE' = 'DELETE'): Promise<void> {
    const { streams } = await this.api<{ streams: string[] | null }>('STREAM.NAMES');
    for (const stream of streams ?? []) await this.api(`STREAM.${how}.${stream}`);
  }

  private async use<T>(act: (nats: NatsConnection) => Promise<T>): Promise<T> {
    const nats = await connect({ servers: this.url, reconnect: false });
    try {
      return await act(nats);
    } finally {
      await nats.close();
    }
  }
}

function threadStates(pid: number | undefined): string[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).map((id) => {
    try {
      return /\) (\S)/.exec(readFileSync(join(tasks, id, 'stat'), 'utf8'))?.[1] ?? '';
    } catch {
      return ''; // it has just ended
    }
  });
}
