import { setTimeout as sleep } from 'node:timers/promises';
import { testWith } from '../support/tools';
import { QUICK, describeService, useFleet } from './fleet-fixture';
import { underTraffic } from './under-traffic';
import { hasFaketime, WallClock } from './wall-clock';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

function describeClocks(): void {
  const clock = new WallClock();
  const fixture = useFleet(() => ({ store: QUICK, env: [{}, {}, clock.env] }));
  afterAll(() => {
    clock.remove();
  });

  it.each([
    ['ten minutes forward and back', 10 * MINUTE],
    ['ten minutes back and forward', -10 * MINUTE],
    ['two hours forward and back', 2 * HOUR],
  ])('is set %s, nothing that was logged out comes back to life', async (_, seconds) => {
    const flaws = await underTraffic(fixture.fleet, async (traffic) => {
      const now = Math.floor(Date.now() / 1000);
      for (const minutes of [1, 5, 9, 30, 50]) {
        const testToken = traffic.mint({ exp: now + minutes * MINUTE });
        await traffic.logOut(fixture.fleet.instances[0]!, testToken);
      }
      await sleep(QUICK.maxStalenessMs);
      for (let times = 0; times < 3; times += 1) {
        clock.set(seconds);
        await sleep(700);
        clock.set(0);
        await sleep(500);
      }
    });
    expect(flaws).toEqual([]);
  });

  it('jumps all the time, the bound holds', async () => {
    const flaws = await underTraffic(fixture.fleet, async () => {
      for (const seconds of [600, -600, 1, -1, 0.3, -0.3, 5, -5, 600, -600]) {
        clock.set(seconds);
        await sleep(400);
      }
      clock.set(0);
    });
    expect(flaws).toEqual([]);
  });

  describeService(fixture);
}

describe('When the clock of an instance', () => {
  testWith('faketime', hasFaketime(), describeClocks);
});
