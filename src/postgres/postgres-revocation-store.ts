import type { DataSource } from 'typeorm';
import { ReplicatedStore } from '../replica/replicated-store';
import { resolveStoreOptions, type PostgresStoreOptions } from '../stores/postgres/options';
import { PostgresStore } from '../stores/postgres/postgres-store';

/**
 * The tables `revoked_tokens` and `auth_events` in the database of the host's data source, reached
 * through at most nine connections of its own, always to the primary: see `connections.ts`. Tokens
 * are checked in memory; docs/lease.md explains why that is safe.
 *
 * @example
 * const store = new PostgresRevocationStore(dataSource);
 * await store.open();
 */
export class PostgresRevocationStore extends ReplicatedStore {
  /**
   * @param dataSource the host's; only its options are used. It is never opened or closed here.
   * @throws {TypeError} the data source is not of type `postgres`, or an option is out of bounds.
   */
  constructor(dataSource: DataSource, options: PostgresStoreOptions = {}) {
    const resolved = resolveStoreOptions(options);
    const tables = new PostgresStore(dataSource, resolved);
    super(tables, tables.feed, resolved);
  }
}
