import { MemoryStore as FastifyMemoryStore } from '@fastify/session';
import { MemoryStore as ExpressMemoryStore } from 'express-session';
import { promisify } from 'node:util';
import { ANY_ISSUE_TIME, StoreUnavailableError, type RevocationStore } from '../../../../src';
import {
  keepEnded,
  type ServerSessionStore,
} from '../../../../src/logout/server-sessions/session-store';
import { sessionIdKey } from '../../../../src/tokens/identity';
import { FaultyStore } from '../../../support/faulty-store';
import { Barrier } from '../../../support/session-host';

const LATER = new Date(Date.now() + 60_000);
const ADA = { cookie: { originalMaxAge: null, expires: LATER }, user: 'ada' };

const get = (store: ServerSessionStore, id: string): Promise<unknown> =>
  promisify<unknown>((done) => {
    store.get(id, done);
  })();

const set = (store: ServerSessionStore, id: string, session: object = ADA): Promise<unknown> =>
  promisify<unknown>((done) => {
    store.set(id, session, done as (error?: unknown) => void);
  })();

const touch = (store: ServerSessionStore, id: string, session: object = ADA): Promise<unknown> =>
  promisify<unknown>((done) => {
    store.touch?.(id, session, done as (error?: unknown) => void);
  })();

const load = (store: ServerSessionStore, id: string): Promise<unknown> =>
  promisify<unknown>((done) => {
    store.load?.(id, done);
  })();

async function end(revocations: RevocationStore, id: string): Promise<void> {
  await revocations.add(
    {
      key: sessionIdKey(id),
      scope: 'server-session',
      issuedBefore: ANY_ISSUE_TIME,
      expiresAt: LATER,
    },
    { event: 'session_expired', outcome: 'success' },
  );
}

/** A store of the host's that does as the test says; `touch` writes, as with some stores. */
class OwnStore implements ServerSessionStore {
  readonly sessions = new Map<string, object>();
  readonly barrier = new Barrier();

  get(id: string, callback: (error?: unknown, session?: unknown) => void): void {
    callback(null, this.sessions.get(id));
  }

  set(id: string, session: object, callback?: (error?: unknown) => void): void {
    this.write(id, session, callback);
  }

  touch(id: string, session: object, callback?: (error?: unknown) => void): void {
    this.write(id, session, callback);
  }

  private write(id: string, session: object, callback?: (error?: unknown) => void): void {
    void this.barrier.pass().then(() => {
      this.sessions.set(id, session);
      callback?.();
    });
  }

  load(id: string, callback: (error?: unknown, session?: unknown) => void): void {
    callback(null, this.sessions.get(id));
  }

  destroy(id: string, callback?: (error?: unknown) => void): void {
    this.sessions.delete(id);
    callback?.();
  }
}

describe.each<[string, () => ServerSessionStore]>([
  ['express-session', () => new ExpressMemoryStore()],
  ['@fastify/session', () => new FastifyMemoryStore()],
])('The store of %s, wrapped', (_, create) => {
  let revocations: FaultyStore;
  let store: ServerSessionStore;
  let bare: ServerSessionStore;

  beforeEach(() => {
    revocations = new FaultyStore();
    store = create();
    bare = { get: store.get.bind(store), set: store.set.bind(store), destroy: () => undefined };
    keepEnded(store, revocations);
  });

  it('keeps and hands out what has not ended', async () => {
    await set(store, 'a');
    expect(await get(store, 'a')).toMatchObject({ user: 'ada' });
  });

  it('knows no session by an id that it was never given', async () => {
    expect(await get(store, 'unknown')).toBeUndefined();
  });

  it('hands out nothing of a session that has ended, though it is stored', async () => {
    await set(store, 'a');
    await end(revocations, 'a');
    expect(await get(store, 'a')).toBeUndefined();
    expect(await get(bare, 'a')).toMatchObject({ user: 'ada' });
  });

  it('takes no session that has ended, and reports success', async () => {
    await end(revocations, 'a');
    await expect(set(store, 'a')).resolves.toBeUndefined();
    expect(await get(bare, 'a')).toBeUndefined();
  });

  it('hands out and takes nothing while it cannot be asked whether it ended', async () => {
    await set(store, 'a');
    revocations.isBlind = true;
    await expect(get(store, 'a')).rejects.toBe(revocations.error);
    await expect(set(store, 'b')).rejects.toBe(revocations.error);
    expect(await get(bare, 'b')).toBeUndefined();
  });

  it('takes a session from a caller who does not ask whether it succeeded', async () => {
    store.set('a', ADA);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await get(bare, 'a')).toMatchObject({ user: 'ada' });
  });

  it('is asked once for a read, and before and after a write', async () => {
    await get(store, 'a');
    expect(revocations.lookUps).toBe(1);
    await set(store, 'a');
    expect(revocations.lookUps).toBe(3);
  });

  it('is wrapped once, however often it is given', async () => {
    keepEnded(store, revocations);
    await get(store, 'a');
    expect(revocations.lookUps).toBe(1);
  });

  it('honours the revocations of every store that it was given with', async () => {
    const others = new FaultyStore();
    keepEnded(store, others);
    await Promise.all([set(store, 'a'), set(store, 'b')]);
    await end(revocations, 'a');
    await end(others, 'b');
    expect([await get(store, 'a'), await get(store, 'b')]).toEqual([undefined, undefined]);
  });
});

describe('The store of express-session, wrapped', () => {
  let revocations: FaultyStore;
  let store: ExpressMemoryStore;

  beforeEach(() => {
    revocations = new FaultyStore();
    store = new ExpressMemoryStore();
    keepEnded(store, revocations);
  });

  it('prolongs a session that has not ended', async () => {
    const later = { originalMaxAge: null, expires: new Date(LATER.getTime() + 1000) };
    await set(store, 'a');
    await touch(store, 'a', { cookie: later });
    expect(await get(store, 'a')).toMatchObject({
      user: 'ada',
      cookie: { expires: later.expires.toISOString() },
    });
  });

  it('loads a session until it has ended', async () => {
    await set(store, 'a');
    expect(await load(store, 'a')).toMatchObject({ user: 'ada' });
    await end(revocations, 'a');
    expect(await load(store, 'a')).toBeUndefined();
  });
});

describe('A store of the host, wrapped', () => {
  let revocations: FaultyStore;
  let store: OwnStore;

  beforeEach(() => {
    revocations = new FaultyStore();
    store = new OwnStore();
    keepEnded(store, revocations);
  });

  it('loads nothing of a session that has ended, though it reads by itself', async () => {
    store.sessions.set('a', ADA);
    expect(await load(store, 'a')).toEqual(ADA);
    await end(revocations, 'a');
    expect(await load(store, 'a')).toBeUndefined();
  });

  it('does not prolong a session that has ended', async () => {
    await end(revocations, 'a');
    store.barrier.open();
    await expect(touch(store, 'a')).resolves.toBeUndefined();
    expect(store.sessions).toEqual(new Map());
  });

  it.each([
    ['written', set],
    ['prolonged', touch],
  ])('does not keep a session that ended while it was %s', async (_, write) => {
    const written = write(store, 'a');
    await store.barrier.arrived;
    await end(revocations, 'a');
    store.barrier.open();
    await written;
    expect(store.sessions).toEqual(new Map());
  });

  it('reports a write during which the revocations became unavailable', async () => {
    const written = set(store, 'a');
    await store.barrier.arrived;
    revocations.isBlind = true;
    store.barrier.open();
    await expect(written).rejects.toThrow(StoreUnavailableError);
  });

  it.each<[string, ServerSessionStore['get']]>([
    [
      'calls back with',
      (_, callback) => {
        callback(new Error('disk full'));
      },
    ],
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
  ])('hands on an error that it %s', async (_, failing) => {
    const broken = Object.assign(new OwnStore(), { get: failing });
    keepEnded(broken, revocations);
    await expect(get(broken, 'a')).rejects.toThrow('disk full');
  });

  it('lacks what it lacked before', () => {
    const least: ServerSessionStore = {
      get: () => undefined,
      set: () => undefined,
      destroy: () => undefined,
    };
    keepEnded(least, revocations);
    expect(Object.keys(least).sort()).toEqual(['destroy', 'get', 'set']);
  });
});
