import { setTimeout as sleep } from 'node:timers/promises';
import { Ambush } from './ambush';
import { describeService, setScene } from './scene';
import { underTraffic } from './under-traffic';

const STOPPED_MS = 30_000;

describe('When the process of an instance', () => {
  const scene = setScene();
  const stopped = () => scene.fleet.instances[2]!;

  it('is stopped for 30 s and resumed, it accepts nothing that was logged out meanwhile', async () => {
    const { maxStalenessMs } = scene.fleet.store;
    let surprised = 0;
    const flaws = await underTraffic(scene.fleet, async (traffic) => {
      traffic.logoutsAt = scene.fleet.instances.slice(0, 2);
      const ambush = await Ambush.lay(stopped(), 40);
      await sleep(STOPPED_MS - 100);
      const tickets = traffic.loggedOutAgo(maxStalenessMs, STOPPED_MS - 200);
      surprised = tickets.length;
      ambush.present(traffic, tickets);
      await sleep(100);
      stopped().signal('SIGCONT');
      await sleep(1000);
      ambush.close();
    });
    expect(flaws).toEqual([]);
    expect(surprised).toBeGreaterThan(40);
  });

  it('is stopped again and again for about as long as its lease, the bound holds', async () => {
    const flaws = await underTraffic(scene.fleet, async (traffic) => {
      traffic.logoutsAt = scene.fleet.instances.slice(0, 2);
      for (const forMs of [1700, 2100]) {
        stopped().signal('SIGSTOP');
        await sleep(forMs);
        stopped().signal('SIGCONT');
        await sleep(700);
      }
    });
    expect(flaws).toEqual([]);
  });

  describeService(scene);
});
