import { setTimeout as sleep } from 'node:timers/promises';
import { SqlWriter } from './revoked-by-sql';
import { QUICK, describeService, useFleet } from './fleet-fixture';
import { underTraffic } from './under-traffic';

// In the next hour, so that they are loaded before those whose tokens are presented.
const MILLION = `
  INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
  SELECT sha256(n::text::bytea), 'token', 'infinity', now() + n * interval '1 ms'
  FROM generate_series(1000001, 2000000) AS n`;

describe('When the host', () => {
  const fixture = useFleet();

  it('has no connection of its own pool left, no request fails', async () => {
    const flaws = await underTraffic(
      fixture.fleet,
      async () => {
        await Promise.all(fixture.fleet.instances.map((instance) => instance.exhaustPool(4)));
        await sleep(4000);
      },
      { isUnnoticed: true },
    );
    expect(flaws).toEqual([]);
  });

  it('revokes a million tokens at once, the bound holds for them and for all other tokens', async () => {
    const writer = await SqlWriter.connect(fixture.cluster.url);
    const flaws = await underTraffic(fixture.fleet, async (traffic) => {
      const some = Array.from({ length: 100 }, () => traffic.mint());
      await writer.revokeAll(traffic, some, (client) => client.query(MILLION));
    });
    await writer.close();
    expect(flaws).toEqual([]);
    const states = await Promise.all(fixture.fleet.instances.map((each) => each.status()));
    for (const { replica } of states) expect(replica?.size).toBeGreaterThan(1_000_000);
  });

  describeService(fixture);
});

describe('When more is revoked than memory may hold', () => {
  const fixture = useFleet(() => ({ store: { ...QUICK, maxEntries: 40, lookupTimeoutMs: 2000 } }));

  it('the database is asked, nothing is forgotten, and no request fails', async () => {
    const flaws = await underTraffic(fixture.fleet, () => sleep(4000), {
      isUnnoticed: true,
      answersFrom: 'store',
    });
    expect(flaws).toEqual([]);
    const states = await Promise.all(fixture.fleet.instances.map((each) => each.status()));
    expect(states.map(({ replica }) => replica?.isFull)).toEqual([true, true, true]);
  });

  describeService(fixture);
});
