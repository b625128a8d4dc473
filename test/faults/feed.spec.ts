import { setTimeout as sleep } from 'node:timers/promises';
import { describeService, useFleet } from './fleet-fixture';
import { underTraffic } from './under-traffic';

describe('When the connection that listens', () => {
  const fixture = useFleet();

  const untilAllAre = async (state: 'doorbell' | 'polling'): Promise<void> => {
    for (const instance of fixture.fleet.instances)
      while ((await instance.status()).feed !== state) await sleep(100);
  };

  it('is cut again and again, no request fails, and the bell is heard again', async () => {
    const flaws = await underTraffic(
      fixture.fleet,
      async () => {
        for (let times = 0; times < 8; times += 1) {
          for (const proxy of fixture.fleet.proxies) proxy.cut('feed');
          await sleep(500);
        }
      },
      { isUnnoticed: true },
    );
    expect(flaws).toEqual([]);
    await untilAllAre('doorbell');
  });

  it('goes silent for ever without a reset, no request fails, and it is replaced', async () => {
    const flaws = await underTraffic(
      fixture.fleet,
      async () => {
        for (const proxy of fixture.fleet.proxies)
          proxy.impose({ on: 'feed', up: 'lost', down: 'lost' });
        await untilAllAre('polling');
        fixture.fleet.heal();
      },
      { isUnnoticed: true },
    );
    expect(flaws).toEqual([]);
    await untilAllAre('doorbell');
  });

  describeService(fixture);
});
