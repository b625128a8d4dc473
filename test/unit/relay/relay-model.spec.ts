import { SplitHistory } from './split-history';
import { isBroken, type Design } from './redis-alone';
import { FAULTS, RelayWorld, type Fault } from './relay-world';

/** Of each kind; a full run has many more. */
const HISTORIES = Number(process.env['RELAY_HISTORIES'] ?? 350) / (FAULTS.length + 1);

const KINDS: readonly (readonly [string, readonly Fault[]])[] = [
  ...FAULTS.map((fault) => [fault, [fault]] as const),
  ['all of them', FAULTS],
];

describe('Whatever happens to the broker and to the relays', () => {
  it.each(KINDS)(
    'no instance behind the broker accepts a token maxStalenessMs after its logout: %s',
    async (_, faults) => {
      const seen = { allowed: 0, stale: 0 };
      for (let seed = 0; seed < HISTORIES; seed += 1) {
        const world = await new RelayWorld(seed, faults).run();
        seen.allowed += world.allowed;
        seen.stale += world.allowedStale;
        expect(world.violations).toEqual([]);
      }
      // That it holds is worth something only where memory did answer, and lagged behind.
      expect(seen.allowed).toBeGreaterThan(HISTORIES * 50);
      expect(seen.stale).toBeGreaterThan(0);
    },
    600_000,
  );
});

describe('Designs that were given up are found broken', () => {
  it.each<[string, Design, Fault]>([
    [
      'the last id, and all again at another run_id',
      { begins: 'at another run_id', waits: false },
      'flush',
    ],
    [
      'logouts that wait for a replica, and reads that do not',
      { begins: 'at another random under its number', waits: true },
      'lost tail',
    ],
  ])('%s', (_, design, fault) => {
    const seeds = Array.from({ length: HISTORIES }, (_unused, seed) => seed);

    expect(seeds.filter((seed) => isBroken(design, seed, [])).length).toBe(0);
    expect(seeds.filter((seed) => isBroken(design, seed, [fault])).length).toBeGreaterThan(0);
    expect(seeds.filter((seed) => isBroken(design, seed)).length).toBeGreaterThan(0);
  });

  it('a counter of questions, where two primaries give out the same number', async () => {
    expect(await new SplitHistory('nonces').acceptedLateMs()).toBe(0);
    expect(await new SplitHistory('a counter').acceptedLateMs()).toBeGreaterThan(0);
  });
});
