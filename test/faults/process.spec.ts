import { setTimeout as sleep } from 'node:timers/promises';
import { SameTickRequests } from './same-tick-requests';
import { describeService, useFleet } from './fleet-fixture';
import { underTraffic } from './under-traffic';

const STOPPED_MS = 30_000;

describe('When the process of an instance', () => {
  const fixture = useFleet();
  const stopped = () => fixture.fleet.instances[2]!;

  it('is stopped for 30 s and resumed, it accepts nothing that was logged out meanwhile', async () => {
    const { maxStalenessMs } = fixture.fleet.store;
    let presented = 0;
    const flaws = await underTraffic(fixture.fleet, async (traffic) => {
      traffic.logoutsAt = fixture.fleet.instances.slice(0, 2);
      const requests = await SameTickRequests.stopInstance(stopped(), 40);
      await sleep(STOPPED_MS - 100);
      const lost = traffic.loggedOutAgo(maxStalenessMs, STOPPED_MS - 200);
      presented = lost.length;
      requests.present(traffic, lost);
      await sleep(100);
      stopped().signal('SIGCONT');
      await sleep(1000);
      requests.close();
    });
    expect(flaws).toEqual([]);
    expect(presented).toBeGreaterThan(40);
  });

  it('is stopped again and again for about as long as its lease, the bound holds', async () => {
    const flaws = await underTraffic(fixture.fleet, async (traffic) => {
      traffic.logoutsAt = fixture.fleet.instances.slice(0, 2);
      for (const forMs of [1700, 2100]) {
        stopped().signal('SIGSTOP');
        await sleep(forMs);
        stopped().signal('SIGCONT');
        await sleep(700);
      }
    });
    expect(flaws).toEqual([]);
  });

  describeService(fixture);
});
