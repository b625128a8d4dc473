import { setTimeout as sleep } from 'node:timers/promises';
import { QUICK, describeService, useFleet } from './fleet-fixture';
import type { Traffic } from './traffic';
import { underTraffic } from './under-traffic';

const SLOW_MS = 250;

/** Presents a token, logs it out elsewhere while that is being looked up, and presents it again. */
async function acrossLogouts(
  traffic: Traffic,
  fixture: ReturnType<typeof useFleet>,
): Promise<void> {
  const [elsewhere, here] = fixture.fleet.instances;
  fixture.fleet.proxies[1]!.impose({ on: 'reads', down: SLOW_MS });
  await sleep(QUICK.maxStalenessMs);
  await Promise.all(
    Array.from({ length: 60 }, async (_, n) => {
      await sleep(n * 50);
      const testToken = traffic.mint();
      const before = traffic.present(here!, testToken);
      await sleep(SLOW_MS * 0.3 * Math.random());
      await traffic.logOut(elsewhere!, testToken);
      await Promise.all([before, traffic.present(here!, testToken)]);
    }),
  );
  fixture.fleet.heal();
}

describe('When a token is logged out while it is being looked up', () => {
  const fixture = useFleet(() => ({ store: { ...QUICK, check: 'direct', lookupTimeoutMs: 5000 } }));

  it('the next request with it is refused', async () => {
    const flaws = await underTraffic(fixture.fleet, (traffic) => acrossLogouts(traffic, fixture), {
      boundMs: 0,
    });
    expect(flaws).toEqual([]);
  });

  describeService(fixture);
});
