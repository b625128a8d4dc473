import { setTimeout as sleep } from 'node:timers/promises';
import { QUICK, describeService, useFleet } from './fleet-fixture';
import { underTraffic } from './under-traffic';

/** No request that starts after the 200 is accepted by any instance. */
const AT_ONCE = { boundMs: 0 };

describe('With cluster-wide logouts no instance accepts a token from the 200 on', () => {
  const fixture = useFleet(() => ({ store: { ...QUICK, logoutWaits: 'cluster' } }));
  const one = () => fixture.fleet.proxies[1]!;

  it('while nothing is broken, and is answered long before the bound has passed', async () => {
    const from = performance.now();
    const tookMs: number[] = [];
    const flaws = await underTraffic(
      fixture.fleet,
      async (traffic) => {
        await sleep(3000);
        for (const { startedAt, endedAt } of traffic.logouts) tookMs.push(endedAt - startedAt);
      },
      { ...AT_ONCE, isUnnoticed: true },
    );
    expect(flaws).toEqual([]);
    // Without snapshots each would wait for 1.05 bounds. How soon it is answered is service.
    const median = tookMs.sort((a, b) => a - b)[tookMs.length >> 1] ?? Infinity;
    if (median > QUICK.maxStalenessMs / 2) {
      const inWords = `half of all cluster-wide logouts take more than ${Math.round(median)} ms`;
      fixture.fleet.services.at(-1)?.unserved.push({ from, to: performance.now(), inWords });
    }
  });

  it('while one instance hears no bell', async () => {
    const flaws = await underTraffic(
      fixture.fleet,
      async () => {
        one().impose({ on: 'feed', up: 'lost', down: 'lost' });
        await sleep(3000);
        fixture.fleet.heal();
      },
      AT_ONCE,
    );
    expect(flaws).toEqual([]);
  });

  it('while the reads of one instance hang', async () => {
    const flaws = await underTraffic(
      fixture.fleet,
      async () => {
        one().impose({ on: 'reads', up: 'held', down: 'held' });
        await sleep(3000);
        fixture.fleet.heal();
      },
      AT_ONCE,
    );
    expect(flaws).toEqual([]);
  });

  it('while no instance can announce itself, or ring', async () => {
    await fixture.fleet.query(`CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN RAISE 'nothing is announced'; END $$`);
    const flaws = await underTraffic(
      fixture.fleet,
      async () => {
        await fixture.fleet.query(`CREATE TRIGGER refuse BEFORE INSERT OR UPDATE
          ON replica_instances FOR EACH STATEMENT EXECUTE FUNCTION public.refuse()`);
        for (const proxy of fixture.fleet.proxies) proxy.impose({ on: 'rings', up: 'lost' });
        await sleep(QUICK.maxStalenessMs * 14); // no logout waits for any after ten bounds
        fixture.fleet.heal();
        await fixture.fleet.query('DROP TRIGGER refuse ON replica_instances');
      },
      AT_ONCE,
    );
    expect(flaws).toEqual([]);
  });

  it('while the process of one instance is stopped and resumed', async () => {
    const stopped = fixture.fleet.instances[2]!;
    const flaws = await underTraffic(
      fixture.fleet,
      async (traffic) => {
        traffic.logoutsAt = fixture.fleet.instances.slice(0, 2);
        stopped.signal('SIGSTOP');
        await sleep(3000);
        stopped.signal('SIGCONT');
      },
      AT_ONCE,
    );
    expect(flaws).toEqual([]);
  });

  it('while the server crashes and comes back', async () => {
    const flaws = await underTraffic(
      fixture.fleet,
      async () => {
        await fixture.cluster.stop('immediate');
        await sleep(1000);
        await fixture.cluster.start();
      },
      AT_ONCE,
    );
    expect(flaws).toEqual([]);
  });

  describeService(fixture);
});
