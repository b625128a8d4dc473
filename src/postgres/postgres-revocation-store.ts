import { Relay } from '../relay/relay';
import { ReplicatedStore } from '../replica/replicated-store';
import type { PostgresSource } from '../stores/postgres/connection/source';
import type { StoreStatus } from '../revocation/store-status';
import { resolveStoreOptions, type PostgresStoreOptions } from '../stores/postgres/options';
import { PostgresStore } from '../stores/postgres/postgres-store';

/**
 * The tables `revoked_tokens` and `auth_events` in a schema of their own, reached through at most
 * five connections of the store's own, and two more with a relay, always to the primary: see
 * `connections.ts`. Tokens are checked in memory; docs/lease.md explains why that is safe.
 *
 * @example
 * const store = new PostgresRevocationStore({ url: process.env.DATABASE_URL });
 * await store.open();
 */
export class PostgresRevocationStore extends ReplicatedStore {
  private readonly relay: Relay | undefined;

  /**
   * @param source a TypeORM `DataSource`, of which only the options are used: it is never opened or
   * closed here; or `{ url }`, or `{ host, port, user, password, database, ssl }`.
   * @throws {TypeError} the source is neither, or an option is out of bounds.
   */
  constructor(source: PostgresSource, options: PostgresStoreOptions = {}) {
    const resolved = resolveStoreOptions(options);
    const tables = new PostgresStore(source, resolved);
    super(tables, tables.feed, resolved);
    if (resolved.relay !== undefined)
      this.relay = new Relay(tables.relaySource(), resolved.relay, resolved);
  }

  override async open(): Promise<void> {
    await super.open();
    this.relay?.start();
  }

  override status(): StoreStatus {
    return { ...super.status(), relay: this.relay?.status() ?? null };
  }

  override async close(): Promise<void> {
    await this.relay?.stop();
    await super.close();
  }
}
