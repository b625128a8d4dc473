import type { DataSource } from 'typeorm';
import type { FeedCursor, FeedSlice } from '../../../src/revocation/revocation-feed';
import { StoreClock } from '../../../src/revocation/store-clock';
import { PostgresConnections } from '../../../src/stores/postgres/connection/connections';
import { PostgresFeed } from '../../../src/stores/postgres/feed/feed.postgres';
import {
  resolveStoreOptions,
  type PostgresStoreOptions,
} from '../../../src/stores/postgres/options';
import { hostOf } from './open-store';

/** A feed and the connections that it reads through. */
export interface OpenFeed {
  readonly feed: PostgresFeed;
  readonly clock: StoreClock;
  readonly connections: PostgresConnections;
  /** Reads, and keeps what was read. */
  read(since: FeedCursor | null): Promise<Reading>;
  close(): Promise<void>;
}

export interface Reading {
  readonly cursor: FeedCursor | null;
  readonly slices: readonly FeedSlice[];
  /** The first halves of the keys of absolute revocations, as hex. */
  readonly tokens: readonly string[];
  /** The keys of cutoffs. */
  readonly others: readonly string[];
}

/** @param url of a database that is migrated. */
export async function openFeed(
  url: string,
  options: PostgresStoreOptions = {},
  host: DataSource = hostOf(url),
): Promise<OpenFeed> {
  const resolved = resolveStoreOptions({
    onError: () => undefined,
    lookupTimeoutMs: 5000, // connecting takes its time on a busy machine
    ...options,
  });
  const connections = new PostgresConnections(host, resolved);
  await connections.open();
  const clock = new StoreClock();
  const feed = new PostgresFeed(connections, clock, resolved);
  return {
    feed,
    clock,
    connections,
    read: async (since) => {
      const slices: FeedSlice[] = [];
      const cursor = await feed.read(since, (slice) => slices.push(slice));
      return {
        cursor,
        slices,
        tokens: slices.flatMap(({ absolute }) =>
          absolute.flatMap(({ prefixes }) => halves(prefixes)),
        ),
        others: slices.flatMap(({ cutoffs }) => cutoffs.map(({ key }) => key)),
      };
    },
    close: async () => {
      await feed.close();
      await connections.close();
    },
  };
}

/** The part of a key that a replica keeps. */
export const halfOf = (key: string): string => key.slice(0, 32);

const halves = (prefixes: Buffer): string[] => prefixes.toString('hex').match(/.{32}/g) ?? [];
