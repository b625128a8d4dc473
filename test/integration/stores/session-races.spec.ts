import { later, logout, revocation } from '../../../src/testing/contract/contract';
import { ENDING, login, refreshOf, sessionKey } from '../../../src/testing/contract/session-orders';
import type { RefreshOutcome, SessionOrder } from '../../../src/revocation/session-store';
import { CoreProcess, type RemoteCore } from '../../support/core-process';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';

/** How many times as often as in a short run; 1000 make 2000 rounds and 10 000 interleavings each. */
const RUNS = Number(process.env.SESSION_RUNS ?? 1);
const HOUR_MS = 3_600_000;
jest.setTimeout(60_000 * RUNS);

let database: TestDatabase;
/** Two instances, each a process of its own. */
let processes: readonly [CoreProcess, CoreProcess];
let stores: readonly [RemoteCore['store'], RemoteCore['store']];

beforeAll(async () => {
  database = await createMigratedDatabase();
});

afterAll(async () => {
  await database.drop();
});

const startBoth = async (): Promise<void> => {
  const store = { check: 'direct', writeTimeoutMs: 20_000, lookupTimeoutMs: 20_000 } as const;
  const settings = { databaseUrl: database.url, store, sessions: {} };
  processes = await Promise.all([CoreProcess.start(settings), CoreProcess.start(settings)]);
  stores = [processes[0].core.store, processes[1].core.store];
};

const stopBoth = async (): Promise<void> => {
  for (const process of processes) await process.stop();
};

const open = async (changes: Partial<SessionOrder> = {}): Promise<SessionOrder> => {
  const order = login(changes);
  await stores[0].sessions.open(order);
  return order;
};

const times = <T>(count: number, work: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => work(at));

/** By one instance or the other. */
const refresh = async (
  order: SessionOrder,
  generation: number,
  at: number,
  graceSeconds = 60,
): Promise<RefreshOutcome> => {
  const asked = refreshOf(order, generation, { graceSeconds, isAudited: at % 3 === 0 });
  return (await stores[at % 2]!.sessions.refresh(asked)).outcome;
};

const countOf = (outcomes: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    [...new Set(outcomes)]
      .toSorted()
      .map((outcome) => [outcome, outcomes.filter((one) => one === outcome).length]),
  );

/** Whether the session, or every token from when it was opened, is revoked. */
async function isOver(order: SessionOrder, openedAt: Date): Promise<boolean> {
  const cutoffs = order.cutoffKeys.map((key) => ({ key, at: openedAt.getTime() }));
  return stores[1].isRevoked({ absolute: [sessionKey(order)], cutoffs });
}

/** What ends a session while it is refreshed. */
const ENDS: readonly [
  string,
  (order: SessionOrder, at: number, other: SessionOrder) => Promise<unknown>,
][] = [
  [
    'a logout',
    ({ issuer, sid }, at) =>
      stores[at % 2]!.sessions.end({ ...ENDING, issuer, sids: [sid], endedBy: 'logout' }),
  ],
  [
    'another session that ends all others',
    (_, at, other) => stores[at % 2]!.sessions.endOthers({ ...ENDING, ...other }),
  ],
  ['a reuse', (order, at) => refresh(order, 0, at, 0)],
  [
    'a login that replaces it',
    (order, at) => stores[at % 2]!.sessions.open(login({ previousRefreshId: order.refreshId })),
  ],
];

/** Refreshes and the end start together; then the highest generation is presented once more. */
async function race(
  [, end]: (typeof ENDS)[number],
  at: number,
): Promise<{ readonly left: RefreshOutcome; readonly isRevoked: boolean }> {
  const order = login();
  const { session } = await stores[0].sessions.open(order);
  const other = await open({ subject: order.subject });
  await refresh(order, 0, at);
  await refresh(order, 1, at);
  await Promise.all([refresh(order, 2, at), refresh(order, 2, at + 1), end(order, at, other)]);
  return {
    left: await refresh(order, 3, at),
    isRevoked: await isOver(order, session.openedAt),
  };
}

/** A session is refreshed, and another opened, while a cutoff of their subject is made. */
async function raceWithCutoff(at: number): Promise<Record<string, boolean>> {
  const [one, other] = [stores[at % 2]!, stores[(at + 1) % 2]!];
  const before = login();
  const { session } = await one.sessions.open(before);
  const { subject, cutoffKeys } = before;
  const during = login({ subject });
  const expiresAt = later(new Date(), HOUR_MS);
  const [, cut, , { session: overlapping }] = await Promise.all([
    refresh(before, 0, at),
    one.cutOff({ key: cutoffKeys[0] ?? '', scope: 'subject', expiresAt }, logout()),
    refresh(before, 0, at + 1),
    other.sessions.open(during),
  ]);
  const after = login({ subject });
  const { session: next } = await other.sessions.open(after);
  return {
    isOver: await isOver(before, session.openedAt),
    isOverlappingOver: await isOver(during, overlapping.openedAt),
    wasOverlappingBefore: overlapping.openedAt <= cut.issuedBefore,
    isNextOver: await isOver(after, next.openedAt),
  };
}

describe.each(['read committed', 'repeatable read', 'serializable'])(
  'Sessions that are changed at once, for a role whose transactions are %s by default',
  (isolation) => {
    beforeAll(async () => {
      const name = new URL(database.url).pathname.slice(1);
      await database.query(
        `ALTER DATABASE ${name} SET default_transaction_isolation = '${isolation}'`,
      );
      await startBoth();
    });

    afterAll(stopBoth);

    it('rotate one token once, however many refresh it, and replay it to the rest', async () => {
      for (let round = 0; round < 2 * RUNS; round += 1) {
        const order = await open();

        const outcomes = await Promise.all(times(100, (at) => refresh(order, 0, at)));

        expect(countOf(outcomes)).toEqual({ replayed: 99, rotated: 1 });
      }
    });

    it.each(ENDS)('are over after %s, also for what was refreshed meanwhile', async (...end) => {
      for (let round = 0; round < RUNS; round += 1) {
        const answers = await Promise.all(times(10, (at) => race(end, at)));

        expect(answers.filter(({ left }) => left !== 'ended')).toEqual([]);
        expect(answers.filter(({ isRevoked }) => !isRevoked)).toEqual([]);
      }
    });

    it('are covered by a cutoff that comes while they are opened and refreshed', async () => {
      for (let round = 0; round < RUNS; round += 1) {
        const answers = await Promise.all(times(10, raceWithCutoff));

        for (const { wasOverlappingBefore, ...answer } of answers)
          expect(answer).toEqual({
            isOver: true,
            isOverlappingOver: wasOverlappingBefore,
            isNextOver: false,
          });
      }
    });

    it('leave one of six that end each other', async () => {
      for (let round = 0; round < 10 * RUNS; round += 1) {
        const { subject } = await open();
        const orders = await Promise.all(times(6, () => open({ subject })));

        const answers = await Promise.all(
          orders.map((order, at) => stores[at % 2]!.sessions.endOthers({ ...ENDING, ...order })),
        );

        expect(answers.filter((answer) => answer !== undefined)).toHaveLength(1);
        expect(await stores[0].sessions.list({ ...login(), subject })).toHaveLength(1);
      }
    });

    it('are no more than may be, however many open at once', async () => {
      for (let round = 0; round < 20 * RUNS; round += 1) {
        const { subject } = await open();

        await Promise.all(
          stores.map((store) => store.sessions.open(login({ subject, maxPerSubject: 1 }))),
        );

        expect(await stores[0].sessions.list(login({ subject }))).toHaveLength(1);
      }
    });

    it('end once, whoever asks, and never wait for each other for good', async () => {
      for (let round = 0; round < 2 * RUNS; round += 1) {
        const { subject, issuer } = await open();
        const orders = await Promise.all(times(8, () => open({ subject })));
        const sids = orders.map(({ sid }) => sid);

        const ends = await Promise.all([
          ...times(4, (at) => {
            const asked = at % 2 === 0 ? sids : sids.toReversed();
            return stores[at % 2]!.sessions.end({ ...ENDING, issuer, sids: asked, endedBy: 'x' });
          }),
          ...times(4, (at) => stores[at % 2]!.sessions.open(login({ subject, maxPerSubject: 2 }))),
          ...orders.map((order, at) => stores[at % 2]!.sessions.refresh(refreshOf(order, 0))),
        ]);

        const ended = ends.flatMap(({ revocations }) =>
          revocations.map(({ sessionId }) => sessionId),
        );
        expect(new Set(ended).size).toBe(ended.length);
        expect(ended).toEqual(expect.arrayContaining(sids));
      }
    });

    it('leave the connections to others in their turn, also while they change without a pause', async () => {
      const [store] = stores;
      const order = await open();
      let goesOn = true;
      const repeat = async (work: () => Promise<unknown>): Promise<void> => {
        while (goesOn) await work();
      };
      // More than one batch of each, so that some always wait.
      const busy = times(300, (at) =>
        repeat(() => (at % 2 === 0 ? store.add(revocation(), logout()) : refresh(order, 0, 0))),
      );

      const [key = ''] = order.cutoffKeys;
      const expiresAt = later(new Date(), HOUR_MS);
      try {
        for (let cut = 0; cut < 5; cut += 1)
          await store.cutOff({ key, scope: 'subject', expiresAt }, logout());
        await open();
      } finally {
        goesOn = false;
      }
      await Promise.all(busy);
    });
  },
);
