/**
 * Many instances in one process, which follow what is revoked and note when they learn of a logout.
 * With DATABASE_URL they read PostgreSQL; with BROKER what a relay writes there; with both they are
 * relays.
 */
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresRevocationStore } from '../../src/postgres';
import { RelayRevocationStore } from '../../src/relay/relay-revocation-store';
import { BROKER_NAMES, BROKERS } from '../brokers';
import { BOUND_MS, type Seen } from '../cluster/figures';
import { onGoodbye } from '../processes';

/** What the bench tells a process of followers. */
export type FollowerMessage =
  /** Look from now on whether this key is revoked. */
  | { readonly watch: string }
  /** Its logout was answered then, in ms since the epoch. */
  | { readonly loggedOut: string; readonly at: number }
  /** Answered with what was `Seen` since the last time, when the bound of every logout is over. */
  | { readonly ask: 'seen' }
  /** Answered with `Traffic`. */
  | { readonly ask: 'traffic' };

/** So far, of all followers of the process. */
export interface Traffic {
  /** What came over all connections. */
  readonly bytes: number;
  readonly reads: number;
}

const LOOK_EVERY_MS = 2;
/** All at once would be a storm that no rolling deployment makes. */
const OPENED_AT_ONCE = 10;
const LEASES_WITHIN_MS = 60_000;

type Store = PostgresRevocationStore | RelayRevocationStore;

interface Watched {
  /** Which of them would still accept the token, or would ask about it. */
  readonly unaware: Set<Store>;
  readonly seenAt: number[];
  answeredAt: number;
}

const now = (): number => performance.timeOrigin + performance.now();

/** All connections of the process: the clients make their sockets without an event. */
const sockets = new Set<Socket>();
const connect = Reflect.get(Socket.prototype, 'connect') as (...parameters: unknown[]) => Socket;
Socket.prototype.connect = function noting(this: Socket, ...parameters: unknown[]) {
  sockets.add(this);
  return Reflect.apply(connect, this, parameters);
};

const stores = Array.from({ length: Number(process.env.FOLLOWERS) }, makeStore);
const watched = new Map<string, Watched>();
let acceptedLate = 0;

function makeStore(): Store {
  const { DATABASE_URL: url, BROKER, BROKER_URL = '', LOG_NAME = '' } = process.env;
  const broker = BROKER_NAMES.find((name) => name === BROKER);
  const relay = broker && BROKERS[broker].relay(BROKER_URL, LOG_NAME);
  if (url !== undefined) return new PostgresRevocationStore({ url }, { relay });
  if (relay !== undefined) return new RelayRevocationStore(relay);
  throw new Error('neither DATABASE_URL nor BROKER is set: followers are started by the bench');
}

/** What each knows by itself: a look-up or a wait would say nothing about its memory. */
function look(): void {
  const time = now();
  for (const [key, { unaware, seenAt, answeredAt }] of watched)
    for (const store of unaware) {
      const isKnown = store.known({ absolute: [key], cutoffs: [] });
      const isLate = isKnown === false && time > answeredAt + BOUND_MS;
      if (isLate) acceptedLate += 1;
      if (isKnown !== true && !isLate) continue;
      unaware.delete(store);
      seenAt.push(isLate ? Infinity : time);
    }
}

/** Waits for the bound of the last logout, and a look behind it. */
async function seen(): Promise<Seen> {
  const last = Math.max(...[...watched.values()].map(({ answeredAt }) => answeredAt));
  const restMs = last + BOUND_MS + 10 * LOOK_EVERY_MS - now();
  if (Number.isFinite(restMs)) await sleep(restMs);
  look();
  const delays = [...watched.values()].flatMap(({ seenAt, unaware, answeredAt }) => [
    // One that knew before the 200 was sent is at 0.
    ...seenAt.map((at) => Math.max(0, at - answeredAt)),
    ...Array.from(unaware, () => Infinity),
  ]);
  const result = { delays, acceptedLate };
  watched.clear();
  acceptedLate = 0;
  return result;
}

function traffic(): Traffic {
  const bytes = [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  const reads = stores.reduce((sum, store) => sum + (store.status().replica?.catchUps ?? 0), 0);
  return { bytes, reads };
}

async function take(message: FollowerMessage): Promise<void> {
  if ('watch' in message) {
    watched.set(message.watch, { unaware: new Set(stores), seenAt: [], answeredAt: Infinity });
  } else if ('ask' in message) {
    process.send?.(message.ask === 'seen' ? await seen() : traffic());
  } else {
    const found = watched.get(message.loggedOut);
    if (found !== undefined) found.answeredAt = message.at;
  }
}

async function main(): Promise<void> {
  onGoodbye(async () => {
    await Promise.all(stores.map((store) => store.close()));
  });
  for (let at = 0; at < stores.length; at += OPENED_AT_ONCE)
    await Promise.all(stores.slice(at, at + OPENED_AT_ONCE).map((store) => store.open()));
  const deadline = now() + LEASES_WITHIN_MS;
  while (!stores.every((store) => store.status().replica?.answersFrom === 'memory')) {
    if (now() > deadline) throw new Error('a follower does not answer from memory');
    await sleep(20);
  }
  setInterval(look, LOOK_EVERY_MS);
  process.on('message', (message: FollowerMessage) => void take(message));
  process.send?.({});
}

void main();
