import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ANNOUNCEMENT_LASTS } from '../../replica/lease';
import { inTurns, type ApplySlice } from '../../revocation/feed-slice';
import {
  RevocationFeed,
  type Announcement,
  type FeedCursor,
  type FeedSlice,
} from '../../revocation/revocation-feed';
import type { CommitPosition } from '../../revocation/unit-of-work';
import { rowPages } from './hours';
import { cursorAt, hasReached, placeOf } from './position';
import { LOST, type RedisDatabase, type Reply } from './redis-database';
import type { ResolvedRedisOptions } from './redis-store-options';
import { transactionRefused } from './refuse-transaction';
import { SliceBuilder } from './rows';
import { ANNOUNCE, INSTANCES, READ } from './store-scripts';

const FRAMES_AT_ONCE = 200;
/** Clocks of two machines may run this much apart. */
const CLOCK_MARGIN = 1.05;
const PAUSE_MS = 5;
/** Between reads: Redis serves many readers. */
const REST_MS = 5;

interface OtherInstance {
  readonly maxStalenessMs: number;
  readonly cursor: FeedCursor | null;
}

/** How replicas learn what changed in Redis: by a log of frames, each with what one change added. */
export class RedisFeed extends RevocationFeed {
  readonly restMs = REST_MS;
  private readonly id = randomUUID();

  constructor(
    private readonly database: RedisDatabase,
    private readonly options: Pick<ResolvedRedisOptions, 'maxStalenessMs' | 'onError'>,
  ) {
    super();
  }

  get wakenBy(): 'doorbell' | 'polling' {
    return this.database.isListening ? 'doorbell' : 'polling';
  }

  async read(
    since: FeedCursor | null,
    apply: (slice: FeedSlice) => void,
  ): Promise<FeedCursor | null> {
    if (since !== null) return this.catchUp(since, inTurns(apply, this.options.maxStalenessMs));
    const applySlice = inTurns(apply);
    // What is added while the hashes are read may not be found there, but is in the log.
    const end = await this.end();
    await this.load(applySlice);
    return this.catchUp(end, applySlice);
  }

  /** Announcements come with every read, so that no ring has to ask for one. */
  listen(onRing: (isAwaited: boolean) => void): void {
    this.database.listen(() => {
      onRing(true);
    });
  }

  /** The script that changes something rings. */
  ring(): void {
    // Nothing is left to be done.
  }

  positionOf(): Promise<CommitPosition> {
    return Promise.reject(transactionRefused());
  }

  hasDecided(cursor: FeedCursor, position: CommitPosition): boolean {
    return hasReached(cursor, position);
  }

  /** An instance that cannot be asked is over when its leases are. */
  async waitForCluster(position: CommitPosition): Promise<void> {
    const startedAt = performance.now();
    let longestMs = this.options.maxStalenessMs;
    for (;;) {
      const others = await this.others().catch(() => null);
      const behind = others?.filter(
        ({ cursor }) => cursor === null || !hasReached(cursor, position),
      );
      longestMs = Math.max(longestMs, ...(others ?? []).map((one) => one.maxStalenessMs));
      const endsMs = behind === undefined ? longestMs : longestOf(behind);
      if (performance.now() - startedAt >= endsMs * CLOCK_MARGIN) return;
      await sleep(PAUSE_MS);
    }
  }

  async announce({ maxStalenessMs, cursor }: Announcement): Promise<void> {
    const lastsMs = maxStalenessMs * ANNOUNCEMENT_LASTS;
    const asked = { id: this.id, maxStalenessMs, lastsMs, cursor };
    await this.database.run('announce an instance', 'announcements', ANNOUNCE, asked);
  }

  async close(): Promise<void> {
    this.database.interrupt();
    const key = `${this.database.prefix}:instances`;
    await this.database
      .command('withdraw an instance', 'lookUps', ['HDEL', key, this.id])
      .catch(() => undefined);
  }

  private async others(): Promise<readonly OtherInstance[]> {
    const operation = 'ask for other instances';
    const { values } = await this.database.run(operation, 'reads', INSTANCES, { id: this.id });
    return (values[0] as readonly string[]).map((text) => JSON.parse(text) as OtherInstance);
  }

  private async load(apply: ApplySlice): Promise<void> {
    for await (const page of rowPages(this.database, LOADING)) {
      const slice = new SliceBuilder();
      for (const [key, rows] of page) slice.addRows(key, rows);
      await apply(slice.slice);
    }
  }

  /** Where the log ends. */
  private async end(): Promise<FeedCursor> {
    const { generation, number, values } = await this.database.run(LOADING, 'reads', READ, {});
    return cursorAt({ generation, number: String(number), random: String(values[0]) });
  }

  /** Until nothing is left. @returns `null`: the cursor is of no use any more. */
  private async catchUp(since: FeedCursor, apply: ApplySlice): Promise<FeedCursor | null> {
    let cursor = since;
    let hasMore = true;
    while (hasMore) {
      const { generation, entries } = await this.entriesAfter(cursor);
      if (entries === null) return null;
      for (const [id, [, random, , frame]] of entries) {
        const slice = new SliceBuilder();
        slice.addFrame(frame);
        await apply(slice.slice);
        cursor = cursorAt({ generation, number: String(Number.parseInt(id, 10)), random });
      }
      hasMore = entries.length === FRAMES_AT_ONCE;
    }
    return cursor;
  }

  private async entriesAfter(cursor: FeedCursor) {
    const { number, random } = placeOf(cursor);
    const asked = { number, random, most: FRAMES_AT_ONCE };
    const { generation, values } = await this.database.run(
      'read what is new',
      'reads',
      READ,
      asked,
    );
    const [, first, entries] = values as readonly [Reply, Reply, readonly Entry[] | null];
    const isTrimmed = Number.parseInt(String(first), 10) > Number(number);
    if (entries === null && !isTrimmed) this.options.onError(new Error(LOST));
    return { generation, entries };
  }
}

type Entry = readonly [
  id: string,
  fields: readonly [name: string, random: string, name: string, frame: string],
];

const LOADING = 'load its revocations';

const longestOf = (instances: readonly OtherInstance[]): number =>
  Math.max(0, ...instances.map(({ maxStalenessMs }) => maxStalenessMs));
