import { setTimeout as sleep } from 'node:timers/promises';
import { setScene } from './scene';
import type { Traffic } from './traffic';
import { underTraffic } from './under-traffic';

const STOPPED_MS = 30_000;
const SPARES = 40;

describe('When the process of an instance', () => {
  const scene = setScene();
  const stopped = () => scene.fleet.instances[2]!;

  /** Tokens that it cannot know to be revoked, on connections that it reads first. */
  async function ambush(traffic: Traffic): Promise<void> {
    const { maxStalenessMs } = scene.fleet.store;
    const tickets = traffic.loggedOutAgo(maxStalenessMs, maxStalenessMs + 2000);
    for (const ticket of tickets.slice(0, SPARES)) void traffic.presentOnSpare(stopped(), ticket);
    await sleep(0);
  }

  it('is stopped for 30 s and resumed, it accepts nothing that was logged out meanwhile', async () => {
    await stopped().openSpares(SPARES);
    const flaws = await underTraffic(scene.fleet, async (traffic) => {
      stopped().signal('SIGSTOP');
      traffic.logoutsAt = scene.fleet.instances.slice(0, 2);
      await sleep(STOPPED_MS - 100);
      await ambush(traffic);
      await sleep(100);
      stopped().signal('SIGCONT');
    });
    expect(flaws).toEqual([]);
  });

  it('is stopped again and again for about as long as its lease, the bound holds', async () => {
    const flaws = await underTraffic(scene.fleet, async (traffic) => {
      traffic.logoutsAt = scene.fleet.instances.slice(0, 2);
      for (const forMs of [1500, 1900, 2100, 2300]) {
        await stopped().openSpares(SPARES);
        stopped().signal('SIGSTOP');
        await sleep(forMs);
        await ambush(traffic);
        stopped().signal('SIGCONT');
        await sleep(700);
      }
    });
    expect(flaws).toEqual([]);
  });
});
