import { setTimeout as sleep } from 'node:timers/promises';
import { describeService, setScene } from './scene';
import { underTraffic } from './under-traffic';

describe('When the connection that listens', () => {
  const scene = setScene();

  const untilAllAre = async (state: 'doorbell' | 'polling'): Promise<void> => {
    for (const instance of scene.fleet.instances)
      while ((await instance.status()).feed !== state) await sleep(100);
  };

  it('is cut again and again, nobody notices, and the bell is heard again', async () => {
    const flaws = await underTraffic(
      scene.fleet,
      async () => {
        for (let times = 0; times < 8; times += 1) {
          for (const proxy of scene.fleet.proxies) proxy.cut('feed');
          await sleep(500);
        }
      },
      { isUnnoticed: true },
    );
    expect(flaws).toEqual([]);
    await untilAllAre('doorbell');
  });

  it('goes silent for ever without a word, nobody notices, and it is replaced', async () => {
    const flaws = await underTraffic(
      scene.fleet,
      async () => {
        for (const proxy of scene.fleet.proxies)
          proxy.impose({ on: 'feed', up: 'lost', down: 'lost' });
        await untilAllAre('polling');
        scene.fleet.heal();
      },
      { isUnnoticed: true },
    );
    expect(flaws).toEqual([]);
    await untilAllAre('doorbell');
  });

  describeService(scene);
});
