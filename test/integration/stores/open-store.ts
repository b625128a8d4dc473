import { DataSource } from 'typeorm';
import type { PostgresStoreOptions } from '../../../src/stores/postgres/options';
import { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { PATIENCE } from '../../support/patience';

type PostgresOptions = Extract<DataSource['options'], { type: 'postgres' }>;

/** A host's data source, not initialised: the store needs nothing but its options. */
export const hostOf = (url: string, options: Partial<PostgresOptions> = {}): DataSource =>
  new DataSource({ type: 'postgres', url, installExtensions: false, ...options });

/** A store that is open on the database. */
export async function openStore(
  url: string,
  options: PostgresStoreOptions = {},
  hostOptions: Partial<PostgresOptions> = {},
): Promise<PostgresRevocationStore> {
  const store = new PostgresRevocationStore(hostOf(url, hostOptions), { ...PATIENCE, ...options });
  await store.open();
  return store;
}
