import { runSql } from '../../../src/service/sql';
import { createDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
});

afterAll(() => database.drop());

describe('npm run sql', () => {
  it('prints columns under their names and counts the rows', async () => {
    const values = `('ada', 1.50, true), ('bob the 2nd', NULL, false)`;
    const sql = `SELECT * FROM (VALUES ${values}) v(who, sum, ok)`;
    expect(await runSql(database.url, sql)).toBe(
      [
        'who         | sum  | ok',
        '------------+------+---',
        'ada         | 1.50 | t',
        'bob the 2nd |      | f',
        '(2 rows)',
      ].join('\n'),
    );
  });

  it('keeps columns of one name apart and counts one row as one', async () => {
    expect(await runSql(database.url, 'SELECT 1 AS a, 2 AS a')).toBe(
      'a | a\n--+--\n1 | 2\n(1 row)',
    );
  });

  it('hands no control character of a stored value to the terminal', async () => {
    const printed = await runSql(database.url, `SELECT E'\\x1b[2J\\n\\u009b2J\\u202e' AS agent`);
    expect(printed).toContain(String.raw`\u001b[2J\u000a\u009b2J\u202e`);
  });

  it('changes nothing unless that was asked for', async () => {
    const refused = runSql(database.url, 'CREATE TABLE made ()');
    await expect(refused).rejects.toMatchObject({ code: '25006' });
    expect(await runSql(database.url, 'CREATE TABLE made (a) AS SELECT 1', true)).toBe('SELECT 1');
  });

  it('runs one statement, so that none can end the read-only transaction', async () => {
    const refused = runSql(database.url, 'COMMIT; CREATE TABLE smuggled ()');
    await expect(refused).rejects.toMatchObject({ code: '42601' });
  });
});
