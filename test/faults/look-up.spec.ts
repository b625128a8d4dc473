import { setTimeout as sleep } from 'node:timers/promises';
import { QUICK, describeService, setScene } from './scene';
import type { Traffic } from './traffic';
import { underTraffic } from './under-traffic';

const SLOW_MS = 250;

/** Presents a token, logs it out elsewhere while that is being looked up, and presents it again. */
async function acrossLogouts(traffic: Traffic, scene: ReturnType<typeof setScene>): Promise<void> {
  const [elsewhere, here] = scene.fleet.instances;
  scene.fleet.proxies[1]!.impose({ on: 'reads', down: SLOW_MS });
  await sleep(QUICK.maxStalenessMs);
  await Promise.all(
    Array.from({ length: 60 }, async (_, n) => {
      await sleep(n * 50);
      const ticket = traffic.mint();
      const before = traffic.present(here!, ticket);
      await sleep(SLOW_MS * 0.3 * Math.random());
      await traffic.logOut(elsewhere!, ticket);
      await Promise.all([before, traffic.present(here!, ticket)]);
    }),
  );
  scene.fleet.heal();
}

describe('When a token is logged out while it is being looked up', () => {
  const scene = setScene(() => ({ store: { ...QUICK, check: 'direct', lookupTimeoutMs: 5000 } }));

  it('the next request with it is refused', async () => {
    const flaws = await underTraffic(scene.fleet, (traffic) => acrossLogouts(traffic, scene), {
      boundMs: 0,
    });
    expect(flaws).toEqual([]);
  });

  describeService(scene);
});
