import { withClient } from '../support/database';
import type { PostgresStoreOptions } from '../../src/postgres';
import { TestIssuer } from '../support/tokens';
import { Instance } from './instance';
import type { Unserved } from './history';
import type { LoadMonitor } from './load-monitor';
import { FaultProxy } from './proxy';

/**
 * What an instance reaches: the database; the database and a broker, into which it relays; or the
 * broker alone.
 */
export type Role = 'database' | 'relay' | 'behind the broker';

/** One instance and the networks between it and its servers. */
export interface Member {
  readonly role: Role;
  readonly instance: Instance;
  /** Before the database. */
  readonly proxy: FaultProxy;
  readonly brokerProxy?: FaultProxy;
}

export interface FleetOptions {
  readonly store?: PostgresStoreOptions;
  /** The options of single instances, on top of the common ones. */
  readonly stores?: readonly PostgresStoreOptions[];
  /** Environment of single instances. */
  readonly env?: readonly NodeJS.ProcessEnv[];
  /** What instances connect to, where that is not the server itself. */
  readonly address?: string;
  /** Of each instance. @defaultValue all of them reach the database */
  readonly roles?: readonly Role[];
  /** Its protocol says which it is: `redis:` or `nats:`. */
  readonly brokerUrl?: string;
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
        const role = options.roles?.[index] ?? 'database';
        const { brokerUrl } = options;
        const proxy = await FaultProxy.before(Number(new URL(address).port));
        const brokerProxy = brokerUrl && (await FaultProxy.before(Number(new URL(brokerUrl).port)));
        const settings = {
          role,
          databaseUrl: proxy.url(address),
          ...(brokerProxy && brokerUrl && { brokerUrl: brokerProxy.url(brokerUrl) }),
          secret: issuer.key,
          store: { ...store, ...options.stores?.[index] },
        };
        const instance = await Instance.start(name, settings, options.env?.[index]);
        return { role, instance, proxy, ...(brokerProxy && { brokerProxy }) };
      }),
    );
    return new Fleet(databaseUrl, issuer, members, store);
  }

  get instances(): readonly Instance[] {
    return this.members.map(({ instance }) => instance);
  }

  /** Those at which users can log out. */
  get writers(): readonly Instance[] {
    return this.members
      .filter(({ role }) => role !== 'behind the broker')
      .map(({ instance }) => instance);
  }

  get proxies(): readonly FaultProxy[] {
    return this.members.map(({ proxy }) => proxy);
  }

  get brokerProxies(): readonly FaultProxy[] {
    return this.members.flatMap(({ brokerProxy }) => brokerProxy ?? []);
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
    for (const proxy of [...this.proxies, ...this.brokerProxies]) proxy.heal();
  }

  /** @returns what the instances warned of. */
  async stop(): Promise<string> {
    const warnings = await Promise.all(this.instances.map((instance) => instance.kill()));
    const proxies = [...this.proxies, ...this.brokerProxies];
    await Promise.all(proxies.map((proxy) => proxy.close()));
    return warnings.join('');
  }
}
