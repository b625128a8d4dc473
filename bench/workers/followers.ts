/** Many instances in one process, which follow a database and note when they learn of a logout. */
import { PostgresRevocationStore } from '../../src/postgres';
import { onGoodbye } from '../processes';

const LOOK_EVERY_MS = 2;
/** Of so many of them it is noted when. */
const WATCHED = 5;
const AT_ONCE = 10;

/** A logout whose 200 was sent at that time, in ms since the epoch; or the question what was seen. */
export type Told = { readonly key: string; readonly answeredAt: number } | 'seen';

/** How long after its 200 each was known, in ms, and how many followers answer from memory. */
export interface Seen {
  readonly delaysMs: readonly number[];
  readonly fromMemory: number;
}

interface Watch {
  readonly key: string;
  readonly answeredAt: number;
  readonly waiting: Set<PostgresRevocationStore>;
}

async function openAll(url: string, count: number): Promise<PostgresRevocationStore[]> {
  const stores = Array.from({ length: count }, () => new PostgresRevocationStore({ url }));
  for (let at = 0; at < count; at += AT_ONCE)
    await Promise.all(stores.slice(at, at + AT_ONCE).map((store) => store.open()));
  return stores;
}

async function main(): Promise<void> {
  const stores = await openAll(process.env.DATABASE_URL ?? '', Number(process.env.FOLLOWERS));
  onGoodbye(async () => {
    await Promise.all(stores.map((store) => store.close()));
  });
  const watches = new Set<Watch>();
  let delaysMs: number[] = [];
  setInterval(() => {
    for (const watch of watches) {
      for (const store of watch.waiting) {
        if (store.known({ absolute: [watch.key], cutoffs: [] }) !== true) continue;
        delaysMs.push(Date.now() - watch.answeredAt);
        watch.waiting.delete(store);
      }
      if (watch.waiting.size === 0) watches.delete(watch);
    }
  }, LOOK_EVERY_MS);
  process.on('message', (told: Told) => {
    if (told !== 'seen') {
      watches.add({ ...told, waiting: new Set(stores.slice(0, WATCHED)) });
      return;
    }
    const fromMemory = stores.filter((store) => store.status().replica?.answersFrom === 'memory');
    const seen: Seen = { delaysMs, fromMemory: fromMemory.length };
    delaysMs = [];
    process.send?.(seen);
  });
  process.send?.({});
}

void main();
