import type { Bench, Group } from '../bench';
import { takeTurns, type Scores } from '../rounds';
import { withApps, type AppSetup, type BenchApp, type Platform } from '../bench-app';
import { measure, ratio, type Goal, type Measure } from '../statistics';
import { load } from '../wrk';

const CONNECTIONS = 32;

/** Every way to guard a route, by the name it has in the tables. */
const SETUPS = {
  open: { module: 'open', isOpen: true },
  'guard: true': { module: 'guard-true', isOpen: true },
  'docs sample': { module: 'docs-sample' },
  '+ KeyObject': { module: 'key-object' },
  '+ TypeORM look-up': { module: 'typeorm-look-up' },
  '+ Redis look-up': { module: 'redis-look-up' },
  'better-auth': { module: 'better-auth' },
  'better-auth, cookie cache': { module: 'better-auth', env: { COOKIE_CACHE: 'on' } },
  'ours HS256': { module: 'ours' },
  'ours ES256': { module: 'ours', signedBy: 'ES256' },
} as const satisfies Record<string, Omit<AppSetup, 'platform'>>;

type Name = keyof typeof SETUPS;

const names = Object.keys(SETUPS) as Name[];
const OURS: readonly Name[] = ['ours HS256', 'ours ES256'];

const GOALS: Readonly<Record<Platform, Partial<Record<Name, Goal>>>> = {
  express: {
    open: { atLeast: 0.95 },
    'docs sample': { atLeast: 3.8 },
    '+ TypeORM look-up': { atLeast: 2.3 },
  },
  fastify: {
    open: { atLeast: 0.85 },
    'guard: true': { atLeast: 0.9 },
    'docs sample': { atLeast: 16 },
    '+ TypeORM look-up': { atLeast: 6 },
  },
};

/** Requests a second on a guarded route, of all apps, and how ours compares. */
export const guarded =
  (platform: Platform): Group =>
  (bench) =>
    withApps(bench.environment, setupsFor(platform), async (apps) => {
      const turn = (app: BenchApp) => (round: number) => answersPerSecond(bench, app, round);
      const contenders = names.map((name) => ({ name, turn: turn(apps[name]) }));
      return measuresOf(platform, await takeTurns(bench, contenders));
    });

async function answersPerSecond({ seconds }: Bench, app: BenchApp, round: number): Promise<number> {
  const { headers } = app;
  const requests = { url: `${app.url}/me`, headers, connections: CONNECTIONS };
  await load({ ...requests, seconds: round === 0 ? 2 : 1 });
  const { perSecond } = await load({ ...requests, seconds });
  return perSecond;
}

function measuresOf(platform: Platform, scores: Scores): Measure[] {
  return [
    ...names.map((name) => measure(name, 'requests/s', scores(name))),
    ...OURS.flatMap((ours) =>
      names
        .filter((name) => !OURS.includes(name))
        .map((name) => {
          const goal = GOALS[platform][name];
          return ratio(`${ours} ÷ ${name}`, scores(ours), scores(name), goal);
        }),
    ),
  ];
}

function setupsFor(platform: Platform): Record<Name, AppSetup> {
  const setups = names.map((name) => [name, { ...SETUPS[name], platform }]);
  return Object.fromEntries(setups) as Record<Name, AppSetup>;
}
