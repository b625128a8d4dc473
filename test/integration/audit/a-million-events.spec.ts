import { DEFAULT_SCHEMA } from '../../../migrations/schema-names';
import type { AuditEvent, AuditQuery } from '../../../src';
import { checkAuditQuery } from '../../../src/audit/audit-query';
import { pageQuery } from '../../../src/stores/postgres/reads/audit-page';
import { DAY_MS, dayOf } from '../../../src/stores/postgres/schema/partition-names';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { Tables } from '../../../src/stores/postgres/connection/tables';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { farFromEndOf } from '../../support/far-from-end';
import { openStore } from '../stores/open-store';
import { documentedQuestions, FOR_OWNERS } from './documented-questions';
import { fillAudit } from './filled-audit';
import { scansOf, type Scan } from './plans';

const FILLING_MS = 180_000;
const MINUTE_MS = 60_000;
const FAILURE: AuditEvent = { event: 'authn_token_revoked', outcome: 'failure', reason: 'form' };
/** Of a million, for a page of a hundred: hardly more than the page itself. */
const FEW_ROWS = 2000;
/** There are ten thousand of a hundredth; to sort them, or to skip over as many, is quick too. */
const A_HUNDREDTH = 20_000;

let database: TestDatabase;
let store: PostgresRevocationStore;

beforeAll(
  async () => {
    await farFromEndOf(DAY_MS, 2 * MINUTE_MS);
    database = await createMigratedDatabase();
    // The indexes are made below; its own upkeep would make them at the same time.
    store = await openStore(database.url, { upkeepIntervalMs: FILLING_MS });
    await fillAudit(database);
  },
  2 * MINUTE_MS + FILLING_MS,
);

afterAll(async () => {
  await store.close();
  await database.drop();
});

async function scans(sql: string, values: readonly unknown[] = []): Promise<Scan[]> {
  return scansOf(await database.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, values));
}

/** Those from today on have three indexes only; of them today and tomorrow have events. */
const openDays = (): string[] =>
  [0, 1, 2, 3].map((days) => dayOf(new Date(Date.now() + days * DAY_MS)).name);
const ofClosedDays = (read: readonly Scan[]): Scan[] =>
  read.filter(({ table }) => !openDays().includes(table));
const sequential = (read: readonly Scan[]): Scan[] =>
  read.filter(({ isSequential }) => isSequential);

const rowsRead = (read: readonly Scan[]): number => read.reduce((sum, { rows }) => sum + rows, 0);

const questions = [...documentedQuestions()]
  .filter(([heading]) => !FOR_OWNERS.includes(heading))
  .map(([heading, sql]) => [heading, aboutSomeone(sql)] as const);

/** With a user and a session that are there. */
function aboutSomeone(sql: string): string {
  return sql
    .replaceAll("'ada'", "'user-75'")
    .replaceAll(
      "'2026-10-30'",
      `'${new Date(Date.now() - 30 * DAY_MS).toISOString().slice(0, 10)}'`,
    )
    .replaceAll('Vt3kq0yWm1hJ8sZr5cX2Qg', '75'.padStart(22, '0'));
}

describe('On a million events the documented question', () => {
  it.each(questions)('%s is answered by an index of each closed day', async (heading, sql) => {
    const read = await scans(sql);
    expect(read).not.toEqual([]);
    expect(sequential(ofClosedDays(read))).toEqual([]);
  });

  it.each(['What has this user done?'])(
    '%s is answered by an index today, too',
    async (heading) => {
      const read = await scans(new Map(questions).get(heading)!);
      expect(read.map(({ table }) => table)).toEqual(expect.arrayContaining(openDays()));
      expect(sequential(read).filter(({ rows }) => rows > 0)).toEqual([]);
    },
  );
});

describe('On a million events AuditLog.find', () => {
  const yesterday = new Date(Date.now() - DAY_MS);
  const position = 'MTc5NTEzMjgwMDAwMDAwMC4wMDAwMDAwMC0wMDAwLTgwMDAtODAwMC0wMDAwMDAwMDAwMDE';

  it.each<[string, AuditQuery, number?]>([
    ['of everything', {}],
    ['by subject', { subject: 'user-7' }],
    ['by an event that is common', { event: 'authn_token_revoked' }],
    ['by an event that is rare', { event: 'authz_fail' }, A_HUNDREDTH],
    ['by event and outcome', { event: 'authn_token_revoked', outcome: 'failure' }],
    ['by success', { outcome: 'success' }],
    ['by failure', { outcome: 'failure' }],
    ['by summary, of which there are a hundred', { outcome: 'summary' }],
    ['from an instant on', { from: yesterday }],
    ['up to an instant', { to: yesterday }],
    ['between instants', { from: new Date(yesterday.getTime() - DAY_MS), to: yesterday }],
    ['by address', { ip: '10.0.0.77' }],
    ['by an address that sends a hundredth of all', { ip: '192.0.2.1' }],
    ['by network', { ip: '10.0.0.0/28' }],
    ['by token', { tokenId: 'jti-42' }],
    ['by a token that is not there', { tokenId: 'nobody' }],
    ['of a later page', { outcome: 'failure', cursor: position }],
    [
      'by all at once',
      {
        subject: 'user-7',
        event: 'authn_token_reuse',
        outcome: 'failure',
        from: yesterday,
        ip: '10.0.0.0/8',
        tokenId: 'jti-7',
      },
    ],
  ])(
    '%s uses an index of each closed day and reads little there',
    async (_, query, atMost = FEW_ROWS) => {
      const { text, values } = pageQuery(new Tables(DEFAULT_SCHEMA), checkAuditQuery(query));

      const read = await scans(text, values);
      expect(read).not.toEqual([]);
      expect(sequential(ofClosedDays(read))).toEqual([]);
      expect(rowsRead(ofClosedDays(read))).toBeLessThan(atMost);
    },
  );

  it('neither repeats nor skips over many pages, while more is written', async () => {
    const query = {
      outcome: 'failure',
      to: new Date(Date.now() + 10 * MINUTE_MS),
      limit: 500,
    } as const;
    const before = await newestIds(query.to, 5000);

    const pages = await pagesOf(query, 10);

    expect(pages.map((page) => page.length)).toEqual(Array<number>(10).fill(500));
    expect(pages.flat()).toEqual(before);
    expect(await newestIds(query.to, 5000)).not.toEqual(before);
  });
});

/** Of failures, all at once. */
async function newestIds(to: Date, count: number): Promise<unknown[]> {
  const rows = await database.query(
    `SELECT id FROM auth_events WHERE outcome = 'failure' AND occurred_at < $1
     ORDER BY occurred_at DESC, id DESC LIMIT $2`,
    [to, count],
  );
  return rows.map(({ id }) => id);
}

/** The ids of so many pages; after each of them further failures are written. */
async function pagesOf(query: AuditQuery, count: number): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | undefined;
  for (let page = 0; page < count; page += 1) {
    const { events, nextCursor } = await store.audit.find({ ...query, ...(cursor && { cursor }) });
    pages.push(events.map(({ id }) => id));
    cursor = nextCursor;
    await store.audit.append([FAILURE, FAILURE, FAILURE]);
  }
  return pages;
}
