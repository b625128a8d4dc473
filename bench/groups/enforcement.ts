import type { Bench, Group } from '../bench';
import { takeTurns, type Contender } from '../rounds';
import { withApps, type AppSetup, type Platform } from '../bench-app';
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
export const enforcement: Group = async (bench) => {
  const platforms = Object.keys(GOALS) as Platform[];
  const contenders = platforms.flatMap((platform) => [
    contender(bench, nameOf(platform, 'without'), { module: 'key-object', platform }),
    contender(bench, nameOf(platform, 'with'), { module: 'enforced', platform }),
  ]);
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
};

const nameOf = (platform: Platform, which: 'with' | 'without'): string =>
  `passport-jwt ${which} enforcement, ${platform}`;

/**
 * Each turn has a process of its own: two processes of the very same application differ by up to 5 %
 * as long as they live, which is all that is to be measured here.
 */
const contender = ({ environment, seconds }: Bench, name: string, setup: AppSetup): Contender => ({
  name,
  turn: () =>
    withApps(environment, { app: setup }, async ({ app: { url, headers } }) => {
      const requests = {
        url: `${url}/me`,
        headers: { ...headers, cookie: COOKIES },
        connections: CONNECTIONS,
      };
      await load({ ...requests, seconds: 2 });
      return (await load({ ...requests, seconds })).perSecond;
    }),
});
