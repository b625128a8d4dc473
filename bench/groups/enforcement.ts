import type { Bench, Group } from '../bench';
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

/** How often they take turns in one round. */
const TURNS = 6;

/** `bare`: without this package. `guarded`: with it, and its enforcement off. */
const SETUPS = {
  bare: { module: 'key-object' },
  guarded: { module: 'enforced', env: { ENFORCE: 'guarded' } },
  enforced: { module: 'enforced' },
} as const satisfies Record<string, Omit<AppSetup, 'platform'>>;

type Name = keyof typeof SETUPS;
const NAMES = Object.keys(SETUPS) as Name[];

/** A host's own guarded route, with enforcement and without: requests a second, and the ratio. */
export const enforcement: Group = async (bench) => {
  const measures: Measure[] = [];
  for (const platform of Object.keys(GOALS) as Platform[]) {
    const rounds: Readonly<Record<Name, number>>[] = [];
    while (rounds.length < bench.rounds) rounds.push(await compare(bench, platform, rounds.length));
    const scores = (name: Name) => rounds.map((round) => round[name]);
    const what = 'with enforcement ÷ without';
    measures.push(
      ...NAMES.map((name) =>
        measure(`passport-jwt, ${name}, ${platform}`, 'requests/s', scores(name)),
      ),
      ratio(`${what}, ${platform}`, scores('enforced'), scores('guarded'), GOALS[platform]),
      ratio(`${what} the package, ${platform}`, scores('enforced'), scores('bare')),
    );
  }
  return measures;
};

/**
 * What is to be measured is smaller than what two processes of the very same application differ by,
 * and than what a shared machine does from one second to the next. So each round has processes of
 * its own, which take turns of a second; a figure is the mean of a round.
 */
function compare(
  { environment, seconds, progress }: Bench,
  platform: Platform,
  round: number,
): Promise<Record<Name, number>> {
  const setups = Object.fromEntries(
    NAMES.map((name) => [name, { ...SETUPS[name], platform }]),
  ) as Record<Name, AppSetup>;
  return withApps(environment, setups, async (apps) => {
    const scores = { bare: 0, guarded: 0, enforced: 0 };
    for (const name of NAMES) await answersPerSecond(apps[name], seconds);
    for (let turn = 0; turn < TURNS; turn += 1)
      for (const name of turn % 2 === 0 ? NAMES : NAMES.toReversed())
        scores[name] += (await answersPerSecond(apps[name], 1)) / TURNS;
    const shown = NAMES.map((name) => `${name} ${Math.round(scores[name])}`).join(', ');
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
