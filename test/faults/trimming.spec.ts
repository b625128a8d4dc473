import { setTimeout as sleep } from 'node:timers/promises';
import { describeService, QUICK, useFleet } from './fleet-fixture';
import { SqlWriter } from './revoked-by-sql';
import { underTraffic } from './under-traffic';

/** For how long a frame of the log is kept after it was noted that it is visible, and more. */
const KEPT_MINUTES = 11;

const pass = (minutes: number): string => `
  UPDATE revocation_log_snapshots SET noted_at = noted_at - interval '${minutes} minutes'`;
const UPKEEP = 'SELECT trim_revocation_log(5000)';

describe('When the log was trimmed', () => {
  const fixture = useFleet(() => ({ store: QUICK }));
  const stopped = () => fixture.fleet.instances[2]!;

  it('while the process of an instance was stopped, it loads, and accepts nothing of meanwhile', async () => {
    let before = 0;
    const flaws = await underTraffic(fixture.fleet, async (traffic) => {
      traffic.logoutsAt = fixture.fleet.instances.slice(0, 2);
      stopped().signal('SIGSTOP');
      await sleep(2000); // of logouts elsewhere
      await fixture.fleet.query(`${pass(1)}; ${UPKEEP}`);
      before = Number(
        (await fixture.fleet.query('SELECT count(*) FROM revocation_log'))[0]!['count'],
      );
      await sleep(1000); // the others read on
      await fixture.fleet.query(`${pass(KEPT_MINUTES)}; ${UPKEEP}`);
      stopped().signal('SIGCONT');
      await sleep(3000);
    });
    expect(flaws).toEqual([]);
    expect(before).toBeGreaterThan(0);
  });

  it('right after the end of a transaction that was open for longer, nothing of it is missed', async () => {
    const writer = await SqlWriter.connect(fixture.cluster.url);
    const flaws = await underTraffic(fixture.fleet, async (traffic) => {
      for (let round = 0; round < 5; round += 1)
        await writer.revokeAll(traffic, [traffic.mint(), traffic.mint()], async (client) => {
          await fixture.fleet.query(`${pass(1)}; ${UPKEEP}`);
          await sleep(1000); // all read on
          await fixture.fleet.query(`${pass(KEPT_MINUTES)}; ${UPKEEP}`);
          // In one message, so that nobody reads in between.
          await client.query(`COMMIT; ${UPKEEP}`);
        });
      await sleep(1000);
    });
    await writer.close();
    expect(flaws).toEqual([]);
  });

  describeService(fixture);
});
