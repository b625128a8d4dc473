import type { Group } from '../bench';
import type { AppSetup, Platform } from '../bench-app';
import { guardedTurns } from '../guarded-turns';
import { measure, ratio, type Goal, type Measure } from '../statistics';

const GOALS: Readonly<Record<Platform, Goal>> = {
  express: { atLeast: 0.97 },
  fastify: { atLeast: 0.95 },
};
/** What browsers send beside the bearer: enforcement looks at each cookie. */
const COOKIES = 'theme=dark; _ga=GA1.1.1719234567.1764000000; lang=es; consent=a.b.c';

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
    const headers = { cookie: COOKIES };
    const scores = await guardedTurns(bench, { setups: SETUPS, platform, headers });
    const what = 'with enforcement ÷ without';
    measures.push(
      ...NAMES.map((name) =>
        measure(`passport-jwt, ${name}, ${platform}`, 'requests/s', scores(name, 'perSecond')),
      ),
      ratio(
        `${what}, ${platform}`,
        scores('enforced', 'perSecond'),
        scores('guarded', 'perSecond'),
        GOALS[platform],
      ),
      ratio(
        `${what} the package, ${platform}`,
        scores('enforced', 'perSecond'),
        scores('bare', 'perSecond'),
      ),
    );
  }
  return measures;
};
