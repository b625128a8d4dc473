import { logout, revocation } from '../../../src/testing/contract/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { AuditEvent } from '../../../src/audit/audit-event';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import type { Revocation } from '../../../src/revocation/revocation';
import { StoreClock } from '../../../src/revocation/store-clock';
import { PostgresConnections } from '../../../src/stores/postgres/connection/connections';
import { GroupCommit } from '../../../src/stores/postgres/writes/group-commit';
import { resolveStoreOptions } from '../../../src/stores/postgres/options';
import { Partitions } from '../../../src/stores/postgres/schema/partitions';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { hostOf, openStore } from './open-store';

const TIMEOUT_MS = 10_000;
const SHORT_TIMEOUT_MS = 500;
const HOUR_MS = 3_600_000;

/** The partition of what expires then, a day or more from now. */
const dayOf = (instant: Date): string =>
  `revoked_tokens_${instant.toISOString().slice(0, 10).replaceAll('-', '')}`;

let database: TestDatabase;
let store: PostgresRevocationStore;
let other: Client;
let connections: PostgresConnections;
let group: GroupCommit;

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await openStore(database.url);
  other = new Client({ connectionString: database.url });
  await other.connect();
  const options = resolveStoreOptions({ writeTimeoutMs: TIMEOUT_MS, onError: () => undefined });
  connections = new PostgresConnections(hostOf(database.url), options);
  await connections.open();
  group = newGroup();
});

afterEach(async () => {
  await other.end();
  await connections.close();
  await store.close();
  await database.drop();
});

/** What one instance commits by. */
const newGroup = (timeoutMs = TIMEOUT_MS): GroupCommit =>
  new GroupCommit(connections, new Partitions(connections, new StoreClock(), timeoutMs), timeoutMs);

const several = (count: number, changes: Partial<Revocation> = {}): Revocation[] =>
  Array.from({ length: count }, () => revocation(changes));

/** What became of one revocation. */
interface Added {
  readonly isNew: boolean;
  readonly xid: string;
}

async function addTo(to: GroupCommit, one: Revocation, event: AuditEvent): Promise<Added> {
  const { areNew, position } = await to.commit({
    revocations: [{ revocation: one, event }],
    events: [],
  });
  return { isNew: areNew[0]!, xid: position! };
}

/** Adds all of them in one turn of the event loop. */
const addAll = (all: readonly Revocation[], event: Partial<AuditEvent> = {}): Promise<Added[]> =>
  Promise.all(all.map((one) => addTo(group, one, logout(event))));

/** What each of them came to: whether it was new, or why it failed. */
const outcomes = async (all: readonly Promise<Added>[]): Promise<unknown[]> => {
  const settled = await Promise.allSettled(all);
  return settled.map((one): unknown => (one.status === 'fulfilled' ? one.value.isNew : one.reason));
};

const xidsOf = (all: readonly Added[]): string[] => [...new Set(all.map(({ xid }) => xid))];

const count = async (sql: string, parameters: unknown[] = []): Promise<unknown> =>
  (await database.query(`SELECT count(*)::int AS n FROM ${sql}`, parameters))[0]!['n'];

const kept = (all: readonly Revocation[]): Promise<unknown> =>
  count("revoked_tokens WHERE encode(key, 'hex') = ANY ($1)", [all.map(({ key }) => key)]);

const eventsOf = (subject: string): Promise<unknown> =>
  count('auth_events WHERE subject = $1', [subject]);

/** Keeps every revocation waiting until `other` commits. */
const holdUp = (): Promise<unknown> =>
  other.query('BEGIN; LOCK TABLE revoked_tokens IN SHARE MODE');

/** Resolves once a statement waits for a lock. */
const heldUp = async (): Promise<void> => {
  const blocked = `pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  while ((await count(blocked)) === 0) await sleep(5);
};

describe('Revocations that arrive together', () => {
  it('are committed together, up to 256, and none joins what was sent', async () => {
    await holdUp();
    const first = addAll(several(1));
    await heldUp();
    const next = addAll(several(256));
    const last = addAll(several(3));
    await other.query('COMMIT');

    const xids = [await first, await next, await last].map(xidsOf);

    expect(xids).toEqual([[expect.any(String)], [expect.any(String)], [expect.any(String)]]);
    expect(new Set(xids.flat()).size).toBe(3);
    expect(group.counts).toEqual({ commits: 3, committedRevocations: 260 });
  });

  it('are sent at once when nothing is in flight', async () => {
    await addAll(several(1));
    await addAll(several(1));

    expect(group.counts).toEqual({ commits: 2, committedRevocations: 2 });
  });

  it('are each told whether they were new', async () => {
    const there = several(20);
    await addAll(there);
    const added = several(20);

    const mixed = there.flatMap((one, index) => [one, added[index]!]);
    const answers = await addAll(mixed, { subject: 'mixed' });

    expect(answers.map(({ isNew }) => isNew)).toEqual(mixed.map((_, index) => index % 2 === 1));
    expect(await eventsOf('mixed')).toBe(20);
  });

  it('are one where they are the same: the first is new, and audited', async () => {
    const [one, two] = several(2);
    const asked = [one!, two!, one!, one!, two!];

    const answers = await Promise.all(
      asked.map((each, index) =>
        addTo(group, each, logout({ subject: 'twin', reason: `${index}` })),
      ),
    );

    expect(xidsOf(answers)).toHaveLength(1);
    expect(answers.map(({ isNew }) => isNew)).toEqual([true, true, false, false, false]);
    const { events } = await store.audit.find({ subject: 'twin' });
    expect(events.map(({ reason }) => reason).toSorted()).toEqual(['0', '1']);
  });

  it('are told apart by cutoff and expiry, not by key alone', async () => {
    const base = revocation({ scope: 'subject', issuedBefore: new Date(1000) });
    const all = [
      base,
      { ...base, issuedBefore: new Date(1001) },
      { ...base, expiresAt: new Date(base.expiresAt.getTime() + 1) },
    ];

    const answers = await addAll(all);

    expect(answers.map(({ isNew }) => isNew)).toEqual([true, true, true]);
  });

  it('are audited in the order in which they arrived', async () => {
    const all = several(30);
    await Promise.all(
      all.map((one, index) => addTo(group, one, logout({ subject: 'order', reason: `${index}` }))),
    );

    const { events } = await store.audit.find({ subject: 'order' });

    expect(events.map(({ reason }) => Number(reason)).toReversed()).toEqual(all.map((_, i) => i));
  });

  it('find their partitions made, each its own', async () => {
    const all = [900, 930, 960, 1200].map((hours) =>
      revocation({ expiresAt: new Date(Date.now() + hours * HOUR_MS) }),
    );

    const answers = await addAll([...all, revocation()]);

    expect(answers.map(({ isNew }) => isNew)).toEqual([true, true, true, true, true]);
    expect(xidsOf(answers)).toHaveLength(1);
    expect(
      await count('pg_class WHERE relname = ANY ($1)', [
        all.map(({ expiresAt }) => dayOf(expiresAt)),
      ]),
    ).toBe(4);
  });
});

describe('The transaction that a revocation is told of', () => {
  it('is the one that wrote it', async () => {
    const one = revocation();
    const [answer] = await addAll([one]);

    const [row] = await database.query(
      'SELECT xid::text FROM revocation_log WHERE prefixes = left($1, 32)',
      [one.key],
    );

    expect(row).toEqual({ xid: answer!.xid });
  });

  it('is a later one, and over, where the revocation was there already', async () => {
    const one = revocation();
    const [first] = await addAll([one]);

    const [second] = await addAll([one]);

    expect(second!.isNew).toBe(false);
    expect(BigInt(second!.xid)).toBeGreaterThan(BigInt(first!.xid));
    const [row] = await database.query(
      'SELECT pg_visible_in_snapshot($1::xid8, pg_current_snapshot()) AS is_visible',
      [second!.xid],
    );
    expect(row).toEqual({ is_visible: true });
  });
});

describe('A revocation that fails', () => {
  const withCheck = async (check: string, work: () => Promise<void>): Promise<void> => {
    await database.query(`ALTER TABLE revoked_tokens ADD CONSTRAINT strange CHECK (${check})`);
    await work();
  };

  it.each([
    ['22012', "1 / CASE reason WHEN 'guilty' THEN 0 ELSE 1 END = 1"],
    ['23514', "reason <> 'guilty'"],
  ])('for what it holds (%s) fails alone', async (code, check) => {
    await withCheck(check, async () => {
      const innocent = several(8, { reason: 'innocent' });
      const guilty = revocation({ reason: 'guilty' });
      const all = [...innocent.slice(0, 5), guilty, ...innocent.slice(5)];

      const answers = await outcomes(
        all.map((one) => addTo(group, one, logout({ subject: 'company' }))),
      );

      expect(answers.filter((answer) => answer === true)).toHaveLength(8);
      expect(answers[5]).toBeInstanceOf(StoreUnavailableError);
      expect(answers[5]).toHaveProperty('cause.code', code);
      expect(await kept(all)).toBe(8);
      expect(await eventsOf('company')).toBe(8);
    });
  });

  it('for an event that is no JSON fails alone', async () => {
    const all = several(3);
    const bad = logout({ detail: { count: 1n } });

    const answers = await outcomes(
      all.map((one, index) => addTo(group, one, index === 1 ? bad : logout())),
    );

    expect(answers).toEqual([true, expect.any(TypeError), true]);
    expect(await kept(all)).toBe(2);
  });

  it('for want of a partition that cannot be made fails alone', async () => {
    const orphan = revocation({ expiresAt: new Date(Date.now() + 1300 * HOUR_MS) });
    await database.query(`CREATE VIEW nestjs_logout.${dayOf(orphan.expiresAt)} AS SELECT 1`);
    const others = several(5);

    const answers = await outcomes([...others, orphan].map((one) => addTo(group, one, logout())));

    expect(answers.slice(0, 5)).toEqual([true, true, true, true, true]);
    expect(answers[5]).toHaveProperty('cause.code', '23514');
    expect(await kept(others)).toBe(5);
  });

  it('for any other reason fails with those beside it, and none is kept', async () => {
    const all = [...several(4), revocation({ reason: 'guilty' })];
    await database.query(`
      CREATE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = 'internal_error'; END $$;
      CREATE TRIGGER object BEFORE INSERT ON revoked_tokens FOR EACH ROW
      WHEN (NEW.reason = 'guilty') EXECUTE FUNCTION object()`);

    const answers = await outcomes(all.map((one) => addTo(group, one, logout())));
    await database.query('DROP TRIGGER object ON revoked_tokens');

    expect(answers).toEqual(all.map(() => expect.any(StoreUnavailableError) as unknown));
    expect(await kept(all)).toBe(0);
    expect((await addAll(all)).map(({ isNew }) => isNew)).toEqual(all.map(() => true));
  });

  it('fails with all the others when there is no connection to be had', async () => {
    await connections.close();

    const answers = await outcomes(several(100).map((one) => addTo(group, one, logout())));

    expect(answers).toEqual(answers.map(() => expect.any(StoreUnavailableError) as unknown));
  });
});

describe('A revocation that waits', () => {
  it('gives up when its time is up, and is not sent afterwards', async () => {
    // Allows to insert, but not to attach a partition: the first is held up for over a second.
    await other.query('BEGIN; LOCK TABLE revoked_tokens IN SHARE UPDATE EXCLUSIVE MODE');
    const far = revocation({ expiresAt: new Date(Date.now() + 4000 * HOUR_MS) });
    const hasty = newGroup(SHORT_TIMEOUT_MS);
    const first = outcomes([addTo(hasty, far, logout())]);
    await heldUp();
    const late = several(5);
    const start = performance.now();

    const answers = await outcomes(late.map((one) => addTo(hasty, one, logout())));
    const elapsed = performance.now() - start;
    await other.query('COMMIT');
    await first;
    await addTo(hasty, revocation(), logout()); // whatever was to be sent before it has been

    expect(answers).toEqual(late.map(() => expect.any(StoreUnavailableError) as unknown));
    expect(elapsed).toBeGreaterThan(SHORT_TIMEOUT_MS - 10);
    expect(await kept(late)).toBe(0);
  });

  it('is refused where a thousand wait already', async () => {
    await holdUp();
    const first = addAll(several(1));
    await heldUp();
    const thousand = addAll(several(1000));

    const oneMore: unknown = await addTo(group, revocation(), logout()).catch((e: unknown) => e);
    await other.query('COMMIT');
    const answers = [...(await first), ...(await thousand)];

    expect(oneMore).toBeInstanceOf(StoreUnavailableError);
    expect(oneMore).toHaveProperty('cause.message', '1000 revocations are waiting already');
    expect(answers).toHaveLength(1001);
  });
});

describe('Instances that revoke the same tokens in opposite order', () => {
  it('do not deadlock, and each token is new to one of them', async () => {
    const beside = newGroup();
    const rounds = Array.from({ length: 40 }, () => several(64));

    for (const round of rounds) {
      const there = round.map((one) => addTo(group, one, logout()));
      const back = round.toReversed().map((one) => addTo(beside, one, logout()));
      const answers = await outcomes([...there, ...back]);
      expect(answers.filter((answer) => answer === true)).toHaveLength(64);
      expect(answers.filter((answer) => answer === false)).toHaveLength(64);
    }
  });
});
