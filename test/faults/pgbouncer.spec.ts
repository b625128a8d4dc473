import { setTimeout as sleep } from 'node:timers/promises';
import { hasPgBouncer, startPgBouncer, type PgBouncer } from '../integration/stores/pgbouncer';
import { testWith } from '../support/tools';
import { QUICK, describeService, useFleet } from './fleet-fixture';
import { underTraffic } from './under-traffic';

function describeBehindPgBouncer(): void {
  let bouncer: PgBouncer;
  const fixture = useFleet(async ({ url }) => {
    bouncer = await startPgBouncer(url);
    return {
      address: bouncer.url,
      store: { ...QUICK, lookupTimeoutMs: 2000 },
      stores: [{}, {}, { feedConnection: url }], // the last has a direct address
    };
  });
  afterAll(() => bouncer.stop());

  it('by polling, or by the bell where there is a direct address', async () => {
    const flaws = await underTraffic(fixture.fleet, () => sleep(4000), { isUnnoticed: true });
    expect(flaws).toEqual([]);
    const states = await Promise.all(fixture.fleet.instances.map((each) => each.status()));
    expect(states.map(({ feed }) => feed)).toEqual(['polling', 'polling', 'doorbell']);
  });

  it('while connections to it are cut again and again', async () => {
    const flaws = await underTraffic(fixture.fleet, async () => {
      for (let times = 0; times < 10; times += 1) {
        for (const proxy of fixture.fleet.proxies) proxy.cut();
        await sleep(200);
      }
    });
    expect(flaws).toEqual([]);
  });

  describeService(fixture);
}

describe('Behind PgBouncer in transaction mode the bound holds', () => {
  testWith('pgbouncer', hasPgBouncer(), describeBehindPgBouncer);
});
