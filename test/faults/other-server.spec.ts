import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../support/database';
import { DataSource } from 'typeorm';
import { PostgresConnections } from '../../src/stores/postgres/connection/connections';
import { resolveStoreOptions } from '../../src/stores/postgres/options';
import { PostgresFeed } from '../../src/stores/postgres/feed/feed.postgres';
import { StoreClock } from '../../src/revocation/store-clock';
import { copyData, type DataCopy } from '../support/data-copy';
import { FaultProxy } from './proxy';
import { QUICK, describeService, useFleet } from './fleet-fixture';
import type { Traffic } from './traffic';
import { underTraffic } from './under-traffic';

const portOf = (url: string): number => Number(new URL(url).port);

async function ask(url: string, sql: string): Promise<string> {
  const { rows } = await withClient(url, (client) => client.query<{ answer: string }>(sql));
  return rows[0]?.answer ?? '';
}

/** No user logs out any more, and every instance has had the time to hear of the logouts. */
async function settle(traffic: Traffic): Promise<void> {
  traffic.logoutsAt = [];
  await sleep(2 * QUICK.maxStalenessMs);
}

describe('When a restored copy of the database comes behind the same address', () => {
  const fixture = useFleet(() => ({ store: QUICK }));
  let copy: DataCopy;
  afterAll(() => copy.remove());

  it('what instances knew stays refused, and what comes after it is seen, lower numbers or not', async () => {
    const mayBeLost = new Set<string>();
    await fixture.fleet.query('SELECT 1');
    copy = await copyData(fixture.cluster);
    const flaws = await underTraffic(
      fixture.fleet,
      async (traffic) => {
        await fixture.fleet.query(`
          DO $$ BEGIN FOR i IN 1..5000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$`);
        await sleep(2000);
        await settle(traffic);
        for (const token of traffic.attempted.keys()) mayBeLost.add(token);
        await fixture.cluster.stop('immediate');
        const restored = await copy.start();
        fixture.fleet.switchTo(restored.url());
        traffic.logoutsAt = fixture.fleet.instances;
        await sleep(3000);
      },
      { mayBeLost },
    );
    expect(flaws).toEqual([]);
  });

  describeService(fixture);
});

describe('When there is a standby', () => {
  let replication: FaultProxy;
  let copy: DataCopy;
  let standbyUrl: string;
  const fixture = useFleet(async (cluster) => {
    copy = await copyData(cluster, { asStandby: true });
    replication = await FaultProxy.before(portOf(cluster.url));
    const { hostname, username, password } = new URL(cluster.url);
    const standby = await copy.start({
      primary_conninfo:
        `host=${hostname} port=${replication.port} user=${username} ` +
        `password=${decodeURIComponent(password)}`,
    });
    standbyUrl = standby.url();
    return { store: QUICK };
  });
  afterAll(async () => {
    await copy.remove();
    await replication.close();
  });

  const whenStandbyHasAll = async (): Promise<void> => {
    const all = await ask(fixture.cluster.url, 'SELECT pg_current_wal_lsn()::text AS answer');
    const has = `SELECT (pg_last_wal_replay_lsn() >= '${all}')::text AS answer`;
    while ((await ask(standbyUrl, has)) !== 'true') await sleep(50);
  };

  it('behind the address of an instance, it is refused as a source', async () => {
    await whenStandbyHasAll();
    const flaws = await underTraffic(fixture.fleet, async () => {
      replication.impose({ up: 'held', down: 'held' }); // so that it lacks what is logged out now
      fixture.fleet.proxies[1]!.switchTo(portOf(standbyUrl));
      await sleep(4000);
      fixture.fleet.proxies[1]!.switchTo(portOf(fixture.cluster.url));
      replication.heal();
    });
    expect(flaws).toEqual([]);
  });

  it('is not asked which instances a cluster-wide logout must wait for', async () => {
    await whenStandbyHasAll();
    const source = new DataSource({ type: 'postgres', url: standbyUrl });
    const connections = new PostgresConnections(source, resolveStoreOptions({}));
    await connections.open();
    const others = new PostgresFeed(
      connections,
      new StoreClock(),
      resolveStoreOptions({}),
    ).instances.others();
    await expect(others).rejects.toMatchObject({ cause: { code: '0A000' } }); // cannot write
    await connections.close();
  });

  it('promoted with rows missing, what instances knew stays refused', async () => {
    await whenStandbyHasAll();
    const mayBeLost = new Set<string>();
    const flaws = await underTraffic(
      fixture.fleet,
      async (traffic) => {
        replication.impose({ up: 'lost', down: 'lost' });
        await sleep(2000);
        await settle(traffic);
        for (const token of traffic.attempted.keys()) mayBeLost.add(token);
        await fixture.cluster.stop('immediate');
        await ask(standbyUrl, 'SELECT pg_promote()::text AS answer');
        fixture.fleet.switchTo(standbyUrl);
        traffic.logoutsAt = fixture.fleet.instances;
        await sleep(3000);
      },
      { mayBeLost },
    );
    expect(flaws).toEqual([]);
    expect(await missingOf(mayBeLost)).toBeGreaterThan(0);
  });

  /** How many of the tokens the promoted server knows nothing of: without any, nothing is shown. */
  async function missingOf(tokens: ReadonlySet<string>): Promise<number> {
    const [row] = await fixture.fleet.query(
      'SELECT count(*)::int AS found FROM revoked_tokens WHERE token_id = ANY($1)',
      [[...tokens]],
    );
    return tokens.size - Number(row?.['found']);
  }

  describeService(fixture);
});
