import type { Bench, Group } from '../bench';
import { withApps, type BenchApp, type Platform } from '../bench-app';
import { measure, ratio, type Goal, type Measure } from '../statistics';
import { load } from '../wrk';

const CONNECTIONS = 32;
const GOALS: Readonly<Record<Platform, Goal>> = {
  express: { atLeast: 0.97 },
  fastify: { atLeast: 0.95 },
};
/** What browsers send beside the bearer: enforcement looks at each cookie. */
const COOKIES = 'theme=dark; _ga=GA1.1.1719234567.1764000000; lang=es; consent=a.b.c';

/** How often the two take turns in one round. */
const TURNS = 6;

/** A host's own guarded route, with enforcement and without: requests a second, and the ratio. */
export const enforcement: Group = async (bench) => {
  const measures: Measure[] = [];
  for (const platform of Object.keys(GOALS) as Platform[]) {
    const rounds: Score[] = [];
    while (rounds.length < bench.rounds) rounds.push(await compare(bench, platform, rounds.length));
    const enforced = rounds.map((round) => round.enforced);
    const bare = rounds.map((round) => round.bare);
    measures.push(
      measure(`passport-jwt without enforcement, ${platform}`, 'requests/s', bare),
      measure(`passport-jwt with enforcement, ${platform}`, 'requests/s', enforced),
      ratio(`with enforcement ÷ without, ${platform}`, enforced, bare, GOALS[platform]),
    );
  }
  return measures;
};

interface Score {
  readonly bare: number;
  readonly enforced: number;
}

/**
 * What is to be measured is smaller than what two processes of the very same application differ by,
 * and than what a shared machine does from one second to the next. So each round has processes of
 * its own, which take turns of a second; a figure is the mean of a round.
 */
function compare(
  { environment, seconds, progress }: Bench,
  platform: Platform,
  round: number,
): Promise<Score> {
  const setups = {
    bare: { module: 'key-object', platform },
    enforced: { module: 'enforced', platform },
  };
  return withApps(environment, setups, async ({ bare, enforced }) => {
    const scores = { bare: 0, enforced: 0 };
    for (const app of [bare, enforced]) await answersPerSecond(app, seconds);
    for (let turn = 0; turn < TURNS; turn += 1) {
      const isBareFirst = (turn + round) % 2 === 0;
      if (isBareFirst) scores.bare += (await answersPerSecond(bare, 1)) / TURNS;
      scores.enforced += (await answersPerSecond(enforced, 1)) / TURNS;
      if (!isBareFirst) scores.bare += (await answersPerSecond(bare, 1)) / TURNS;
    }
    const shown = `${Math.round(scores.bare)} without, ${Math.round(scores.enforced)} with`;
    progress(`  round ${round + 1}, ${platform}: ${shown}`);
    return scores;
  });
}

async function answersPerSecond({ url, headers }: BenchApp, seconds: number): Promise<number> {
  const { perSecond } = await load({
    url: `${url}/me`,
    headers: { ...headers, cookie: COOKIES },
    connections: CONNECTIONS,
    seconds,
  });
  return perSecond;
}
