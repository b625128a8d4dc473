import assert from 'node:assert/strict';
import { DataSource } from 'typeorm';
import { PostgresRevocationStore } from '../../src/postgres';
import type { Group } from '../bench';
import { query } from '../postgres';
import { measure } from '../statistics';

const EXPIRED = 1_000_000;

/** How long it takes to drop an hour of revocations that have expired, as upkeep does. */
export const purge: Group = async ({ environment, rounds, progress }) => {
  const url = await environment.createDatabase();
  await makeTables(url);
  const times: number[] = [];
  const bytes: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bytes.push((await insertExpired(url)) / EXPIRED);
    const startedAt = performance.now();
    const [row] = await query<{ dropped: boolean }>(url, 'SELECT purge_revocations() AS dropped');
    times.push(performance.now() - startedAt);
    assert.equal(row?.dropped, true);
    assert.deepEqual(await query(url, LEFT), [{ live: '0', dead: '0' }]);
    progress(`  round ${round + 1} of ${rounds}: ${times.at(-1)?.toFixed(0) ?? ''} ms`);
  }
  return [
    measure(`dropping an hour of ${EXPIRED} revocations`, 'ms', times, { goal: { atMost: 200 } }),
    measure('what each of them took on disk, indexes included', 'B', bytes),
  ];
};

const LEFT = `SELECT sum(n_live_tup)::text AS live, sum(n_dead_tup)::text AS dead
  FROM pg_stat_user_tables WHERE relname LIKE 'revoked_tokens_2%'`;

async function makeTables(url: string): Promise<void> {
  const store = new PostgresRevocationStore(new DataSource({ type: 'postgres', url }));
  await store.open();
  await store.close();
}

/** @returns the bytes that they take on disk. */
async function insertExpired(url: string): Promise<number> {
  const hour = `date_trunc('hour', now()) - interval '2 hours'`;
  await query(url, `SELECT make_logout_partition('revoked_tokens', ${hour})`);
  await query(
    url,
    `INSERT INTO revoked_tokens (key, scope, issued_before, expires_at, issuer, subject, token_id)
     SELECT sha256(uuidv7()::text::bytea), 'token', 'infinity', ${hour} + random() * interval '1 hour',
       'https://login.example', 'user-' || i % 1000, gen_random_uuid()
     FROM generate_series(1, ${EXPIRED}) AS i`,
  );
  await query(url, 'CHECKPOINT');
  const [row] = await query<{ bytes: string }>(
    url,
    `SELECT pg_total_relation_size(tableoid)::text AS bytes FROM revoked_tokens LIMIT 1`,
  );
  return Number(row?.bytes);
}
