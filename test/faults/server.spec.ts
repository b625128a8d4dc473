import { setTimeout as sleep } from 'node:timers/promises';
import { startDyingServer } from './dying-server';
import { describeService, useFleet } from './fleet-fixture';
import { underTraffic } from './under-traffic';

describe('When the database server', () => {
  const fixture = useFleet();

  async function someBackend(): Promise<number> {
    const [backend] = await fixture.fleet.query(`
      SELECT pid FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1`);
    if (backend === undefined) throw new Error('no instance is connected');
    return Number(backend['pid']);
  }

  async function untilItAnswers(): Promise<void> {
    for (let isBack = false; !isBack;) {
      await sleep(200);
      isBack = await fixture.fleet.query('SELECT 1').then(
        () => true,
        () => false,
      );
    }
  }

  it('crashes and comes back, no logout is lost and the bound holds', async () => {
    const flaws = await underTraffic(fixture.fleet, async () => {
      await fixture.cluster.stop('immediate');
      await sleep(4000);
      await fixture.cluster.start();
    });
    expect(flaws).toEqual([]);
  });

  it('is killed and comes back at once, no logout is lost and the bound holds', async () => {
    const flaws = await underTraffic(fixture.fleet, async () => {
      await fixture.cluster.kill();
      await fixture.cluster.start();
    });
    expect(flaws).toEqual([]);
  });

  it('dies in the moment in which it lets an instance in, the instance lives on', async () => {
    const dying = await startDyingServer();
    const flaws = await underTraffic(fixture.fleet, async () => {
      for (const proxy of fixture.fleet.proxies) proxy.switchTo(dying.port);
      await sleep(3000);
      fixture.fleet.switchTo(fixture.cluster.url);
    });
    dying.stop();
    expect(flaws).toEqual([]);
  });

  it('loses one backend, and recovers for that under the same postmaster, no logout is lost', async () => {
    const flaws = await underTraffic(fixture.fleet, async () => {
      process.kill(await someBackend(), 'SIGKILL');
      await untilItAnswers();
    });
    expect(flaws).toEqual([]);
  });

  describeService(fixture);
});
