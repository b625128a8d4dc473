import { promisify } from 'node:util';
import type { RevocationStore } from '../../revocation/revocation-store';
import { sessionIdKey } from '../../tokens/identity';

type Done = (error?: unknown) => void;
type Found = (error?: unknown, session?: unknown) => void;
type Read = (id: string, callback: Found) => unknown;
type Write = (id: string, session: object, callback?: Done) => unknown;

/** A store of express-session or @fastify/session, as far as it is wrapped. */
export interface ServerSessionStore {
  get(id: string, callback: Found): unknown;
  set(id: string, session: object, callback?: Done): unknown;
  destroy(id: string, callback?: Done): unknown;
  touch?(id: string, session: object, callback?: Done): unknown;
  load?(id: string, callback: Found): unknown;
}

/** Which revocations each store asks already. Weak: forgotten with the store. */
const asking = new WeakMap<ServerSessionStore, WeakSet<RevocationStore>>();

/**
 * From here on the store, changed in place, knows no session that has ended: `get` and `load` find
 * none, `set` and `touch` keep nothing and report success. Where the revocations give no answer,
 * the callback gets the error. Repeating it with the same two changes nothing.
 */
export function keepEnded(store: ServerSessionStore, revocations: RevocationStore): void {
  const asked = asking.get(store) ?? new WeakSet();
  if (asked.has(revocations)) return;
  asking.set(store, asked.add(revocations));

  const isEnded = async (id: string): Promise<boolean> =>
    revocations.isRevoked({ absolute: [sessionIdKey(id)], cutoffs: [] });
  const endedReadsAsNone = (read: Read) => reading(read, isEnded);
  const endedStaysGone = (write: Write) =>
    writing(write, isEnded, (id) => settled((done) => store.destroy(id, done)));

  store.get = endedReadsAsNone(store.get.bind(store));
  store.set = endedStaysGone(store.set.bind(store));
  if (store.touch !== undefined) store.touch = endedStaysGone(store.touch.bind(store));
  // Most inherit a `load` that calls `get`; one that reads by itself must not get past us.
  if (store.load !== undefined) store.load = endedReadsAsNone(store.load.bind(store));
}

type IsEnded = (id: string) => Promise<boolean>;

function reading(read: Read, isEnded: IsEnded): Read {
  return (id, callback) => {
    answer(callback, async () =>
      (await isEnded(id)) ? undefined : await settled((done) => read(id, done)),
    );
  };
}

function writing(write: Write, isEnded: IsEnded, destroy: (id: string) => Promise<unknown>): Write {
  return (id, session, callback) => {
    answer(callback, async () => {
      if (await isEnded(id)) return;
      await settled((done) => write(id, session, done));
      // It may have ended while it was written. A logout revokes first and destroys then: if this
      // look-up does not see the revocation yet, the logout's destroy comes after our write.
      if (await isEnded(id)) await destroy(id);
    });
  };
}

/** Calls back outside the promise: an error that the callback throws is none of the store's. */
function answer(callback: Found | undefined, work: () => Promise<unknown>): void {
  if (callback === undefined) {
    void work().catch(() => undefined); // without a callback, errors are not reported
    return;
  }
  work().then(
    (result) => {
      process.nextTick(callback, null, result);
    },
    (error: unknown) => {
      process.nextTick(callback, error);
    },
  );
}

/** The outcome of what takes a callback; a promise that it returns beside is not ours to await. */
export function settled(run: (callback: Found) => unknown): Promise<unknown> {
  return promisify<unknown>((callback) => {
    run(callback);
  })();
}
