import type { Group } from '../bench';
import { FreshTokens } from '../fresh-tokens';
import { takeTurns } from '../rounds';
import { withApps, type AppSetup, type Platform } from '../bench-app';
import { measure, ratio } from '../statistics';
import type { SignedBy } from '../tokens';

const PLATFORMS: readonly Platform[] = ['express', 'fastify'];
const GOALS = { HS256: { atLeast: 1.05 }, ES256: { atLeast: 1 } } as const;
const ALGORITHMS = ['HS256', 'ES256'] as const;

const nameOf = (who: string, platform: Platform, signedBy: SignedBy): string =>
  `${who} ${signedBy}, ${platform}`;
const OURS = 'ours, first seen';
const PASSPORT = 'passport-jwt + KeyObject';

/** Requests a second when no token comes twice, so that nothing can be remembered. */
export const firstSeen: Group = (bench) => {
  const fresh = new FreshTokens(bench.environment);
  const setups = Object.fromEntries(everySetup());
  return withApps(bench.environment, setups, async (apps) => {
    const contenders = Object.entries(setups).map(([name, { signedBy = 'HS256' }]) => ({
      name,
      turn: async () => {
        const url = `${apps[name]?.url ?? ''}/me`;
        const { seconds } = bench;
        const what = { url, seconds, connections: 32, method: 'GET', signedBy } as const;
        return (await fresh.send(what)).perSecond;
      },
    }));
    const scores = await takeTurns(bench, contenders);
    const comparisons = PLATFORMS.flatMap((platform) =>
      ALGORITHMS.map((signedBy) => {
        const [ours, theirs] = [OURS, PASSPORT].map((who) => nameOf(who, platform, signedBy));
        const what = `first seen ÷ passport-jwt + KeyObject, ${signedBy}, ${platform}`;
        return ratio(what, scores(ours ?? ''), scores(theirs ?? ''), GOALS[signedBy]);
      }),
    );
    return [
      ...contenders.map(({ name }) => measure(name, 'requests/s', scores(name))),
      ...comparisons,
    ];
  });
};

function everySetup(): [string, AppSetup][] {
  return PLATFORMS.flatMap((platform) =>
    ALGORITHMS.flatMap((signedBy): [string, AppSetup][] => [
      [nameOf(PASSPORT, platform, signedBy), { module: 'key-object', platform, signedBy }],
      [nameOf(OURS, platform, signedBy), { module: 'ours', platform, signedBy }],
    ]),
  );
}
