import type { PostgresRevocationStore } from '../../../src/postgres';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { startCluster, type TestCluster } from '../../support/cluster';
import { about, logout, randomKey, revocation } from '../../../src/testing/contract/contract';
import { until } from '../../support/until';
import { withClient } from '../../support/database';
import { halfOf, openFeed } from './open-feed';
import { openStore } from './open-store';

const ROWS = 12_000;

describe('A database that was dumped and restored into another server', () => {
  let old: TestDatabase;
  let cluster: TestCluster;
  const stores: PostgresRevocationStore[] = [];

  beforeAll(async () => {
    old = await createMigratedDatabase();
    cluster = await startCluster();
  });

  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await cluster.remove();
    await old.drop();
  });

  const open = async (url: string): Promise<PostgresRevocationStore> => {
    const store = await openStore(url, { check: 'direct' });
    stores.push(store);
    return store;
  };

  /** What `pg_dump` keeps: every column, the numbers of the transactions too; triggers come last. */
  const copyRows = async (): Promise<void> => {
    await withClient(cluster.url, async (client) => {
      await client.query('ALTER TABLE ONLY revoked_tokens DISABLE TRIGGER revoked_tokens_log');
      for (const table of ['revoked_tokens', 'revocation_log', 'revocation_log_snapshots']) {
        const rows = await old.query(`SELECT json_agg(row)::text AS json FROM ${table} AS row`);
        await client.query(
          `INSERT INTO nestjs_logout.${table}
           SELECT * FROM json_populate_recordset(NULL::nestjs_logout.${table}, $1)`,
          [rows[0]!['json']],
        );
      }
      await client.query(
        'ALTER TABLE ONLY revoked_tokens ENABLE ALWAYS TRIGGER revoked_tokens_log',
      );
    });
  };

  it('keeps what was logged out; frames ahead of the new server’s numbers are deleted once', async () => {
    const before = await open(old.url);
    await old.query(
      'DO $$ BEGIN FOR i IN 1..20000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$',
    );
    const one = revocation({ key: randomKey() });
    const long = revocation({ expiresAt: new Date(Date.now() + 9 * 86_400_000) });
    await before.add(one, logout());
    await old.query(
      `INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
       SELECT sha256(place::text::bytea), 'token', 'infinity', now() + interval '1 hour'
       FROM generate_series(1, ${ROWS}) AS place`,
    );
    await old.query('UPDATE revocation_log_snapshots SET is_trimmed = true');
    const restored = await openStore(cluster.url, { check: 'direct' });
    await restored.close();
    await copyRows();
    const feed = await openFeed(cluster.url);
    const { cursor } = await feed.read(null);
    const unmended = await feed.read(cursor);

    const after = await open(cluster.url);
    await until(async () => {
      const loaded = await feed.read(null);
      return (await feed.read(loaded.cursor)).tokens.length === 0;
    });
    const mended = await feed.read(null);
    await after.add(long, logout());
    const next = await feed.read(mended.cursor);
    await feed.close();

    expect(new Set(unmended.tokens).size).toBe(ROWS + 1);
    expect(new Set(mended.tokens).size).toBe(ROWS + 1);
    expect(next.tokens).toEqual([halfOf(long.key)]);
    expect(await after.isRevoked(about([one.key]))).toBe(true);
    expect(await after.add(one, logout())).toBe(false);
  });
});
