import type { Bench } from './bench';
import { withApps, type AppSetup, type BenchApp, type Platform } from './bench-app';
import { cpuTimeMs } from './cpu-time';
import { load } from './wrk';

const CONNECTIONS = 32;
/** How often the apps take turns in one round. */
const TURNS = 6;

/** Of one app and one round. */
export interface GuardedScore {
  readonly perSecond: number;
  /** CPU time of the app for a request, in µs. */
  readonly cpuMicros: number;
}

/** What is sent to the guarded route of each app. */
export interface GuardedTurns<Name extends string> {
  readonly setups: Readonly<Record<Name, Omit<AppSetup, 'platform'>>>;
  readonly platform: Platform;
  /** Beside what each app's client sends anyway. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Requests on `GET /me` of each app, round by round.
 *
 * For differences that are smaller than what two processes of the very same application differ by,
 * and than what a shared machine does from one second to the next: each round has processes of its
 * own, which take turns of a second; a figure is the mean of a round.
 */
export async function guardedTurns<Name extends string>(
  bench: Bench,
  turns: GuardedTurns<Name>,
): Promise<(name: Name, figure: keyof GuardedScore) => readonly number[]> {
  const rounds: Readonly<Record<Name, GuardedScore>>[] = [];
  while (rounds.length < bench.rounds) rounds.push(await oneRound(bench, turns, rounds.length));
  return (name, figure) => rounds.map((round) => round[name][figure]);
}

function oneRound<Name extends string>(
  { environment, seconds, progress }: Bench,
  { setups, platform, headers = {} }: GuardedTurns<Name>,
  round: number,
): Promise<Record<Name, GuardedScore>> {
  const names = Object.keys(setups) as Name[];
  const onPlatform = Object.fromEntries(
    names.map((name) => [name, { ...setups[name], platform }]),
  ) as Record<Name, AppSetup>;
  return withApps(environment, onPlatform, async (apps) => {
    const scores = Object.fromEntries(
      names.map((name) => [name, { perSecond: 0, cpuMicros: 0 }]),
    ) as Record<Name, GuardedScore>;
    const ask = (name: Name, forSeconds: number) => scoreOf(apps[name], headers, forSeconds);
    for (const name of names) await ask(name, seconds);
    for (let turn = 0; turn < TURNS; turn += 1)
      for (const name of turn % 2 === 0 ? names : names.toReversed())
        scores[name] = plus(scores[name], await ask(name, 1));
    const shown = names.map((name) => `${name} ${Math.round(scores[name].perSecond)}`).join(', ');
    progress(`  round ${round + 1}, ${platform}: ${shown}`);
    return scores;
  });
}

const plus = (sum: GuardedScore, turn: GuardedScore): GuardedScore => ({
  perSecond: sum.perSecond + turn.perSecond / TURNS,
  cpuMicros: sum.cpuMicros + turn.cpuMicros / TURNS,
});

async function scoreOf(
  app: BenchApp,
  headers: Readonly<Record<string, string>>,
  seconds: number,
): Promise<GuardedScore> {
  const beforeMs = cpuTimeMs(app.pid);
  const { answered, perSecond } = await load({
    url: `${app.url}/me`,
    headers: { ...app.headers, ...headers },
    connections: CONNECTIONS,
    seconds,
  });
  const cpuMs = cpuTimeMs(app.pid) - beforeMs;
  return { perSecond, cpuMicros: (cpuMs * 1000) / answered };
}
