import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { SqlWriter } from './revoked-by-sql';
import { QUICK, describeService, useFleet } from './fleet-fixture';
import type { Traffic } from './traffic';
import { underTraffic } from './under-traffic';

describe('When transactions', () => {
  const fixture = useFleet(() => ({ store: QUICK }));

  it('of the host commit in another order than they began, no logout is missed', async () => {
    const host = fixture.fleet.instances[0]!;
    const inTransaction = async (traffic: Traffic, id: string, openMs: number): Promise<void> => {
      const testToken = traffic.mint();
      await traffic.revoke('host', testToken, async () => {
        await host.revokeInTransaction(id, testToken.text);
        await sleep(openMs);
        await host.commit(id);
        return 'accepted';
      });
    };
    const flaws = await underTraffic(
      fixture.fleet,
      async (traffic) => {
        const open = Array.from({ length: 24 }, async (_, n) => {
          await sleep(100 * n);
          await inTransaction(traffic, `t${n}`, (n % 4) * 300);
        });
        await Promise.all(open);
      },
      { isUnnoticed: true },
    );
    expect(flaws).toEqual([]);
  });

  it('of 12 writers run into each other for 10 s, not one logout is lost', async () => {
    const writers = await Promise.all(
      Array.from({ length: 12 }, () => SqlWriter.connect(fixture.cluster.url)),
    );
    const flaws = await underTraffic(fixture.fleet, async (traffic) => {
      const end = performance.now() + 10_000;
      await Promise.all(
        writers.map(async (writer) => {
          while (performance.now() < end)
            await writer.revoke(traffic, traffic.mint(), 60 * Math.random());
        }),
      );
    });
    await Promise.all(writers.map((writer) => writer.close()));
    expect(flaws).toEqual([]);
  });

  it('of sessions that run no ordinary triggers revoke, no logout is missed', async () => {
    const writer = await SqlWriter.connect(fixture.cluster.url);
    const flaws = await underTraffic(fixture.fleet, async (traffic) => {
      for (let round = 0; round < 5; round += 1)
        await writer.revokeAll(traffic, [traffic.mint()], () => sleep(100), 'replica');
      await sleep(1500);
    });
    await writer.close();
    expect(flaws).toEqual([]);
  });

  it('of another database stay open for as long as they like, no logout is missed', async () => {
    await fixture.fleet.query('CREATE DATABASE neighbour');
    const url = new URL(fixture.cluster.url);
    url.pathname = 'neighbour';
    const idler = new Client({ connectionString: url.href });
    await idler.connect();
    await idler.query('BEGIN; CREATE TABLE unfinished ()');
    const flaws = await underTraffic(
      fixture.fleet,
      async () => {
        // As many transactions as minutes of them bring.
        await fixture.fleet.query(`
          DO $$ BEGIN FOR i IN 1..100000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$`);
        await sleep(3000);
      },
      { isUnnoticed: true },
    );
    await idler.end();
    expect(flaws).toEqual([]);
  });

  describeService(fixture);
});
