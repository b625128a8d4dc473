import { withClient } from '../support/database';
import type { PostgresStoreOptions } from '../../src/postgres';
import { TestIssuer } from '../support/tokens';
import { Instance } from './instance';
import type { Unserved } from './history';
import type { LoadMonitor } from './load-monitor';
import { FaultProxy } from './proxy';

/** One instance and the network between it and the database. */
export interface Member {
  readonly instance: Instance;
  readonly proxy: FaultProxy;
}

export interface FleetOptions {
  readonly store?: PostgresStoreOptions;
  /** The options of single instances, on top of the common ones. */
  readonly stores?: readonly PostgresStoreOptions[];
  /** Environment of single instances. */
  readonly env?: readonly NodeJS.ProcessEnv[];
  /** What instances connect to, where that is not the server itself. */
  readonly address?: string;
}

const NAMES = ['a', 'b', 'c'];

/** What a fleet did not serve while something happened to it, and how busy the machine was then. */
export interface Service {
  readonly unserved: Unserved[];
  readonly load: Pick<LoadMonitor, 'wasOverloaded'>;
}

/** Three instances of one service on one database, each behind a proxy of its own. */
export class Fleet {
  /** One entry for each time that it was under traffic. */
  readonly services: Service[] = [];

  private constructor(
    /** The server itself, or the one that came in its place. */
    public databaseUrl: string,
    readonly issuer: TestIssuer,
    readonly members: readonly Member[],
    readonly store: Required<Pick<PostgresStoreOptions, 'maxStalenessMs'>> & PostgresStoreOptions,
  ) {}

  static async start(databaseUrl: string, options: FleetOptions = {}): Promise<Fleet> {
    const issuer = new TestIssuer();
    const store = { maxStalenessMs: 2000, ...options.store };
    const address = options.address ?? databaseUrl;
    const members = await Promise.all(
      NAMES.map(async (name, index) => {
        const proxy = await FaultProxy.before(Number(new URL(address).port));
        const settings = {
          databaseUrl: proxy.url(address),
          secret: issuer.key,
          store: { ...store, ...options.stores?.[index] },
        };
        return { proxy, instance: await Instance.start(name, settings, options.env?.[index]) };
      }),
    );
    return new Fleet(databaseUrl, issuer, members, store);
  }

  get instances(): readonly Instance[] {
    return this.members.map(({ instance }) => instance);
  }

  get proxies(): readonly FaultProxy[] {
    return this.members.map(({ proxy }) => proxy);
  }

  /** Asks the server itself, past every fault. */
  async query(
    sql: string,
    parameters: readonly unknown[] = [],
  ): Promise<Record<string, unknown>[]> {
    const { rows } = await withClient(this.databaseUrl, (client) =>
      client.query<Record<string, unknown>>(sql, [...parameters]),
    );
    return rows;
  }

  /** Another server stands behind the address of every instance. */
  switchTo(databaseUrl: string): void {
    this.databaseUrl = databaseUrl;
    for (const proxy of this.proxies) proxy.switchTo(Number(new URL(databaseUrl).port));
  }

  heal(): void {
    for (const proxy of this.proxies) proxy.heal();
  }

  /** @returns what the instances warned of. */
  async stop(): Promise<string> {
    const warnings = await Promise.all(this.instances.map((instance) => instance.kill()));
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    return warnings.join('');
  }
}
