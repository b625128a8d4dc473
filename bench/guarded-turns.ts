import type { Bench } from './bench';
import { withApps, type AppSetup, type BenchApp, type Platform } from './bench-app';
import { load } from './wrk';

const CONNECTIONS = 32;
/** How often the apps take turns in one round. */
const TURNS = 6;

/** What is sent to the guarded route of each app. */
export interface GuardedTurns<Name extends string> {
  readonly setups: Readonly<Record<Name, Omit<AppSetup, 'platform'>>>;
  readonly platform: Platform;
  /** Beside what each app's client sends anyway. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Requests a second on `GET /me` of each app, round by round.
 *
 * For differences that are smaller than what two processes of the very same application differ by,
 * and than what a shared machine does from one second to the next: each round has processes of its
 * own, which take turns of a second; a figure is the mean of a round.
 */
export async function guardedTurns<Name extends string>(
  bench: Bench,
  turns: GuardedTurns<Name>,
): Promise<(name: Name) => readonly number[]> {
  const rounds: Readonly<Record<Name, number>>[] = [];
  while (rounds.length < bench.rounds) rounds.push(await oneRound(bench, turns, rounds.length));
  return (name) => rounds.map((round) => round[name]);
}

function oneRound<Name extends string>(
  { environment, seconds, progress }: Bench,
  { setups, platform, headers = {} }: GuardedTurns<Name>,
  round: number,
): Promise<Record<Name, number>> {
  const names = Object.keys(setups) as Name[];
  const onPlatform = Object.fromEntries(
    names.map((name) => [name, { ...setups[name], platform }]),
  ) as Record<Name, AppSetup>;
  return withApps(environment, onPlatform, async (apps) => {
    const scores = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
    const ask = (name: Name, forSeconds: number) => perSecond(apps[name], headers, forSeconds);
    for (const name of names) await ask(name, seconds);
    for (let turn = 0; turn < TURNS; turn += 1)
      for (const name of turn % 2 === 0 ? names : names.toReversed())
        scores[name] += (await ask(name, 1)) / TURNS;
    const shown = names.map((name) => `${name} ${Math.round(scores[name])}`).join(', ');
    progress(`  round ${round + 1}, ${platform}: ${shown}`);
    return scores;
  });
}

async function perSecond(
  app: BenchApp,
  headers: Readonly<Record<string, string>>,
  seconds: number,
): Promise<number> {
  const answered = await load({
    url: `${app.url}/me`,
    headers: { ...app.headers, ...headers },
    connections: CONNECTIONS,
    seconds,
  });
  return answered.perSecond;
}
