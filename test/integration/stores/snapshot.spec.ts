import { SEES_NOTHING, sees, xmaxOf } from '../../../src/stores/postgres/feed/snapshot';
import { createDatabase, type TestDatabase } from '../../support/database';

describe('A snapshot', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(async () => {
    await database.drop();
  });

  it.each([SEES_NOTHING, '10:10:', '10:20:', '10:20:10', '10:20:10,14,19', '9:12:9,10,11'])(
    'sees the transactions that the database says it sees: %s',
    async (snapshot) => {
      const rows = await database.query(
        `SELECT xid::text, pg_visible_in_snapshot(xid::text::xid8, $1::pg_snapshot) AS is_seen
         FROM generate_series(1, 25) AS xid`,
        [snapshot],
      );

      const answers = rows.map(({ xid }) => ({
        xid,
        is_seen: sees(snapshot, BigInt(String(xid))),
      }));
      expect(answers).toEqual(rows);
    },
  );

  it('ends before the first transaction that had not begun, beyond what a number can count', () => {
    expect(xmaxOf('9007199254740993:9007199254740995:')).toBe(9007199254740995n);
  });
});
