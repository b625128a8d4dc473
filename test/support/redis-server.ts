import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { BrokerServer } from './broker-server';
import { freePort } from './free-port';

/** Whether Redis is installed here; its tests are left out, aloud, where it is not. */
export function hasRedis(): boolean {
  const isThere = spawnSync('redis-server', ['--version']).status === 0;
  if (!isThere) {
    process.stderr.write(
      '\n*** redis-server is not installed: the tests of the relay through Redis are LEFT OUT. ' +
        'Debian: apt-get install redis-server ***\n\n',
    );
  }
  return isThere;
}

/** A Redis without persistence. */
export class RedisServer extends BrokerServer {
  private constructor(
    port: number,
    private readonly settings: readonly string[],
  ) {
    super(port);
  }

  static async start(...settings: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), settings);
    await server.restart();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  protected override launch(): ChildProcess {
    const local = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder.path];
    const quiet = ['--save', '', '--appendonly', 'no', '--enable-debug-command', 'yes'];
    return spawn('redis-server', [...local, ...quiet, ...this.settings], { stdio: 'ignore' });
  }

  async clear(): Promise<void> {
    await this.command('FLUSHALL');
  }

  /** Sends one command over a connection of its own. */
  async command(...command: [string, ...string[]]): Promise<unknown> {
    const client = new Redis(this.port, '127.0.0.1');
    client.on('error', () => undefined);
    try {
      return await client.call(...command);
    } finally {
      client.disconnect();
    }
  }

  /** Becomes a replica that has all that the other one has. */
  async replicate(primary: RedisServer): Promise<void> {
    await this.command('REPLICAOF', '127.0.0.1', String(primary.port));
    while (!/master_link_status:up/.test(String(await this.command('INFO', 'replication'))))
      await sleep(20);
  }
}
