import { setTimeout as sleep } from 'node:timers/promises';
import { QUICK, describeService, useFleet } from './fleet-fixture';
import type { Traffic } from './traffic';
import { underTraffic } from './under-traffic';

/** Without any, nothing would be in doubt, and nothing shown. */
const failedLogouts = ({ logouts }: Traffic): number =>
  logouts.filter(({ outcome }) => outcome === 'failed').length;

describe('When the network between one instance and the database', () => {
  // Look-ups may take their time, so that many are under way across logouts.
  const fixture = useFleet(() => ({ store: { ...QUICK, lookupTimeoutMs: 1500 } }));

  it.each([
    ['swallows its reads and what they bring', 'lost'],
    ['holds its reads up, and delivers them long after', 'held'],
  ] as const)('%s, it refuses rather than to accept', async (_, treatment) => {
    const flaws = await underTraffic(fixture.fleet, async () => {
      fixture.fleet.proxies[1]!.impose({ on: 'reads', up: treatment, down: treatment });
      await sleep(3500);
      fixture.fleet.heal();
    });
    expect(flaws).toEqual([]);
  });

  it.each([
    ['swallows its writes', 'up'],
    ['swallows the answers to its writes', 'down'],
  ] as const)('%s, its logouts in doubt are all or nothing', async (_, direction) => {
    let inDoubt = 0;
    const flaws = await underTraffic(fixture.fleet, async (traffic) => {
      fixture.fleet.proxies[1]!.impose({ on: 'writes', [direction]: 'lost' });
      await sleep(3000);
      fixture.fleet.heal();
      inDoubt = failedLogouts(traffic);
    });
    expect(flaws).toEqual([]);
    expect(inDoubt).toBeGreaterThan(0);
  });

  it('delivers its writes long after it was given up, a logout in doubt is all or nothing', async () => {
    let inDoubt = 0;
    const flaws = await underTraffic(fixture.fleet, async (traffic) => {
      fixture.fleet.proxies[1]!.impose({ on: 'writes', up: 'held', down: 'held' });
      await sleep(3000);
      fixture.fleet.heal();
      inDoubt = failedLogouts(traffic);
    });
    expect(flaws).toEqual([]);
    expect(inDoubt).toBeGreaterThan(0);
  });

  it('is gone altogether, without a reset, it refuses rather than to accept', async () => {
    const flaws = await underTraffic(fixture.fleet, async () => {
      fixture.fleet.proxies[1]!.impose({ up: 'lost', down: 'lost' });
      await sleep(3500);
      fixture.fleet.heal();
    });
    expect(flaws).toEqual([]);
  });

  it('resets every connection again and again, the bound holds', async () => {
    const flaws = await underTraffic(fixture.fleet, async () => {
      for (let times = 0; times < 20; times += 1) {
        fixture.fleet.proxies[1]!.cut();
        await sleep(150);
      }
    });
    expect(flaws).toEqual([]);
  });

  it('lets no announcement through, it asks the database instead after five bounds, and serves all the while', async () => {
    const instance = fixture.fleet.instances[1]!;
    let answersFrom: string | undefined;
    const flaws = await underTraffic(
      fixture.fleet,
      async (traffic) => {
        traffic.logoutsAt = fixture.fleet.instances.filter((each) => each !== instance);
        fixture.fleet.proxies[1]!.impose({ on: 'writes', up: 'held' });
        await sleep(QUICK.maxStalenessMs * 7);
        answersFrom = (await instance.status()).replica?.answersFrom;
        fixture.fleet.heal();
      },
      { isUnnoticed: true },
    );
    expect(flaws).toEqual([]);
    expect(answersFrom).toBe('store');
  });

  it('brings every answer late, what it says is taken for as old as it is', async () => {
    const flaws = await underTraffic(fixture.fleet, async () => {
      for (const proxy of fixture.fleet.proxies) proxy.impose({ on: 'reads', down: 450 });
      await sleep(6000);
      fixture.fleet.heal();
    });
    expect(flaws).toEqual([]);
  });

  describeService(fixture);
});
