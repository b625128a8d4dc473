/** Opens the Postgres store, and says how long it took until it answered from memory. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { PostgresRevocationStore } from '../../src/postgres';
import { onGoodbye } from '../processes';

export interface Boot {
  readonly loadMs: number;
  /** The longest time for which nothing else could run. */
  readonly stallMs: number;
  /** How much more memory the process has than before. */
  readonly residentBytes: number;
  /** How many revocations are known then. */
  readonly size: number;
}

const PATIENCE_MS = 120_000;

async function boot(): Promise<Boot> {
  const url = process.env.DATABASE_URL ?? '';
  const store = new PostgresRevocationStore(new DataSource({ type: 'postgres', url }));
  onGoodbye(() => store.close());
  await sleep(200); // what is left of starting Node
  const delays = monitorEventLoopDelay({ resolution: 1 });
  const before = process.memoryUsage.rss();
  delays.enable();
  const startedAt = performance.now();
  await store.open();
  const size = await sizeOnceInMemory(store, startedAt + PATIENCE_MS);
  const loadMs = performance.now() - startedAt;
  delays.disable();
  const residentBytes = process.memoryUsage.rss() - before;
  return { loadMs, stallMs: delays.max / 1e6, residentBytes, size };
}

async function sizeOnceInMemory(store: PostgresRevocationStore, deadline: number): Promise<number> {
  for (;;) {
    const { replica } = store.status();
    if (replica === null) throw new Error('the store has no replica: there is nothing to load');
    if (replica.answersFrom === 'memory') return replica.size;
    if (performance.now() > deadline) throw new Error('the store does not answer from memory');
    await sleep(1);
  }
}

void boot().then((result) => process.send?.(result));
