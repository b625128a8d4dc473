import { Client } from 'pg';
import { withClient } from '../../support/database';
import { startCluster, type TestCluster } from '../../support/cluster';

jest.setTimeout(180_000); // each makes the data of a server, and recovers it

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await startCluster({ work_mem: '5MB' });
});

afterEach(() => cluster.remove());

function ask(sql: string): Promise<unknown[]> {
  return withClient(cluster.url, async (client) => {
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
    return rows.flat();
  });
}

describe('a cluster to be broken', () => {
  it.each([
    ['a fast stop', () => cluster.stop()],
    ['an immediate stop', () => cluster.stop('immediate')],
    ['a kill -9', () => cluster.kill()],
  ])('keeps its address, settings and committed rows through %s', async (_, end) => {
    await ask('CREATE TABLE kept AS SELECT 7 AS number');
    await end();
    await expect(ask('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await cluster.start();
    expect(await ask(`SELECT number, current_setting('work_mem') FROM kept`)).toEqual([7, '5MB']);
  });

  it('starts right after a kill -9 while a session was busy', async () => {
    const busy = new Client({ connectionString: cluster.url });
    busy.on('error', () => undefined); // its server is shot
    await busy.connect();
    const cut = expect(busy.query('SELECT pg_sleep(60)')).rejects.toThrow();
    await cluster.kill();
    await cluster.start();
    await cut;
    expect(await ask('SELECT 1')).toEqual([1]);
  });

  it('is durable, unlike the shared one', async () => {
    expect(
      await ask(`SELECT current_setting('fsync'), current_setting('synchronous_commit')`),
    ).toEqual(['on', 'on']);
  });
});
