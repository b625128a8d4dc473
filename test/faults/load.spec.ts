import { setTimeout as sleep } from 'node:timers/promises';
import { QUICK, setScene } from './scene';
import { underTraffic } from './under-traffic';

describe('When the host', () => {
  const scene = setScene();

  it('has no connection of its own pool left, nobody notices', async () => {
    const flaws = await underTraffic(
      scene.fleet,
      async () => {
        await Promise.all(scene.fleet.instances.map((instance) => instance.exhaustPool(4)));
        await sleep(4000);
      },
      { isUnnoticed: true },
    );
    expect(flaws).toEqual([]);
  });

  it('revokes a million tokens at once, the bound holds for everybody else', async () => {
    const flaws = await underTraffic(scene.fleet, async () => {
      await scene.fleet.query(`
        INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
        SELECT sha256(n::text::bytea), 'token', 'infinity', now() + interval '1 hour' + n * interval '1 ms'
        FROM generate_series(1, 1000000) AS n`);
    });
    expect(flaws).toEqual([]);
    const states = await Promise.all(scene.fleet.instances.map((each) => each.status()));
    for (const { replica } of states) expect(replica?.size).toBeGreaterThan(1_000_000);
  });
});

describe('When more is revoked than memory may hold', () => {
  const scene = setScene(() => ({ store: { ...QUICK, maxEntries: 40, lookupTimeoutMs: 2000 } }));

  it('the database is asked, nothing is forgotten, and nobody notices', async () => {
    const flaws = await underTraffic(scene.fleet, () => sleep(4000), {
      isUnnoticed: true,
      answersFrom: 'store',
    });
    expect(flaws).toEqual([]);
    const states = await Promise.all(scene.fleet.instances.map((each) => each.status()));
    expect(states.map(({ replica }) => replica?.isFull)).toEqual([true, true, true]);
  });
});
