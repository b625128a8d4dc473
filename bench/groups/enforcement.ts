import type { Group } from '../bench';
import { takeTurns } from '../rounds';
import { withApps, type AppSetup, type BenchApp, type Platform } from '../bench-app';
import { measure, ratio, type Goal, type Measure } from '../statistics';
import { load } from '../wrk';

const CONNECTIONS = 32;
const GOALS: Readonly<Record<Platform, Goal>> = {
  express: { atLeast: 0.97 },
  fastify: { atLeast: 0.95 },
};
/** What browsers send beside the bearer: enforcement looks at each cookie. */
const COOKIES = 'theme=dark; _ga=GA1.1.1719234567.1764000000; lang=es; consent=a.b.c';

/** A host's own guarded route, with enforcement and without: requests a second, and the ratio. */
export const enforcement: Group = (bench) => {
  const platforms = Object.keys(GOALS) as Platform[];
  const setups = Object.fromEntries(
    platforms.flatMap((platform): [string, AppSetup][] => [
      [nameOf(platform, 'without'), { module: 'own-guard', platform }],
      [nameOf(platform, 'with'), { module: 'own-guard', platform, env: { ENFORCE: 'everywhere' } }],
    ]),
  );
  return withApps(bench.environment, setups, async (apps) => {
    const turn = (app: BenchApp | undefined) => (round: number) =>
      answersPerSecond(app, round === 0 ? 2 : 1, bench.seconds);
    const contenders = Object.keys(setups).map((name) => ({ name, turn: turn(apps[name]) }));
    const scores = await takeTurns(bench, contenders);
    return [
      ...contenders.map(({ name }) => measure(name, 'requests/s', scores(name))),
      ...platforms.map((platform): Measure =>
        ratio(
          `with enforcement ÷ without, ${platform}`,
          scores(nameOf(platform, 'with')),
          scores(nameOf(platform, 'without')),
          GOALS[platform],
        ),
      ),
    ];
  });
};

const nameOf = (platform: Platform, which: 'with' | 'without'): string =>
  `passport-jwt ${which} enforcement, ${platform}`;

async function answersPerSecond(
  app: BenchApp | undefined,
  warmUpSeconds: number,
  seconds: number,
): Promise<number> {
  const { url = '', headers = {} } = app ?? {};
  const requests = {
    url: `${url}/me`,
    headers: { ...headers, cookie: COOKIES },
    connections: CONNECTIONS,
  };
  await load({ ...requests, seconds: warmUpSeconds });
  return (await load({ ...requests, seconds })).perSecond;
}
