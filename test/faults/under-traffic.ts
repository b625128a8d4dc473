import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from './fleet';
import {
  gaps,
  isServed,
  unserved,
  violations,
  type Bounds,
  type Entry,
  type History,
  type Outcome,
  type Unserved,
} from './history';
import type { Instance } from './instance';
import { LoadMonitor } from './load-monitor';
import { Traffic, type TestToken } from './traffic';

export interface Expectations {
  /** How long after a logout's 200 its token may be accepted. @defaultValue `maxStalenessMs` */
  readonly boundMs?: number;
  /** What instances answer from in the end. @defaultValue 'memory' */
  readonly answersFrom?: 'memory' | 'store';
  /** Nothing that happens is a reason not to serve. @defaultValue false */
  readonly isUnnoticed?: boolean;
  /** Tokens whose rows the database may have lost; their refusal it may not have. */
  readonly mayBeLost?: ReadonlySet<string>;
}

const CALM_MS = 600;
const PATIENCE_MS = 60_000;
const AT_A_TIME = 16;
const TRIES = 5;

/**
 * Lets users at a fleet while something happens to it, waits until everything serves again, and
 * asks every instance about every token, and the database about every row. What was not served
 * while nothing was broken is kept in the fleet: see `unservedWithoutCause`.
 * @returns everything that must never happen, in words.
 */
export async function underTraffic(
  fleet: Fleet,
  happening: (traffic: Traffic) => Promise<void>,
  expected: Expectations = {},
): Promise<string[]> {
  const { maxStalenessMs } = fleet.store;
  const bounds = {
    afterLogoutMs: expected.boundMs ?? maxStalenessMs,
    afterRefusalMs: maxStalenessMs,
  };
  const traffic = new Traffic(fleet, bounds.afterLogoutMs);
  const load = await LoadMonitor.start();
  try {
    const { calmUntil, recoveredAt, stillDown } = await run(
      fleet,
      traffic,
      bounds,
      happening,
      expected,
    );
    const { requests, logouts } = traffic;
    const history = { requests, logouts, calmUntil, recoveredAt };
    const verdicts = await finalVerdicts(fleet, traffic);
    if (process.env.FAULTS_FIGURES !== undefined) report(history, load);
    fleet.services.push({
      unserved: [...unserved(history), ...stillDown, ...unansweredIn(verdicts, recoveredAt)],
      load,
    });
    return [
      ...fleet.instances.flatMap(({ end }) => end ?? []),
      ...violations(history, bounds),
      ...gaps(history, bounds, namesOf(fleet)),
      ...(await missingRows(fleet, traffic, verdicts, expected.mayBeLost ?? new Set())),
    ].slice(0, 20);
  } finally {
    load.stop();
    await traffic.stop();
  }
}

const namesOf = (fleet: Fleet): string[] => fleet.instances.map(({ name }) => name);

/**
 * What was not served in all that happened to a fleet, while nothing of it was broken and the
 * machine was not busy with something else either, in words.
 */
export function unservedWithoutCause({ services }: Pick<Fleet, 'services'>): string[] {
  return services
    .flatMap(({ unserved, load }) => unserved.filter((period) => !load.wasOverloaded(period)))
    .map(({ inWords }) => inWords);
}

async function run(
  fleet: Fleet,
  traffic: Traffic,
  bounds: Bounds,
  happening: (traffic: Traffic) => Promise<void>,
  { answersFrom = 'memory', isUnnoticed = false }: Expectations,
): Promise<{ calmUntil: number; recoveredAt: number; stillDown: readonly Unserved[] }> {
  traffic.start();
  await sleep(CALM_MS);
  const calmUntil = performance.now();
  await happening(traffic);
  const stillDown = await untilServed(fleet, traffic, answersFrom);
  const recoveredAt = isUnnoticed ? calmUntil : performance.now();
  await sleep(CALM_MS);
  traffic.logoutsAt = [];
  await sleep(fleet.store.maxStalenessMs);
  await untilTelling(fleet, traffic, bounds, calmUntil);
  await traffic.stop();
  await traffic.untilOldEnough(fleet.store.maxStalenessMs);
  return { calmUntil, recoveredAt, stillDown };
}

/** A busy machine asks less in the same time: goes on until every instance was asked enough. */
async function untilTelling(
  fleet: Fleet,
  { requests, logouts }: Traffic,
  bounds: Bounds,
  calmUntil: number,
): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  const seen = { requests, logouts, calmUntil, recoveredAt: until };
  while (gaps(seen, bounds, namesOf(fleet)).length > 0 && performance.now() < until)
    await sleep(100);
}

/**
 * Service comes back by itself: every instance lets a live token in, five times in a row, and not
 * on the strength of what it read before; and logs out. A connection for that may have been asked
 * for before the network was whole, and takes two seconds to be given up.
 */
async function untilServed(
  fleet: Fleet,
  traffic: Traffic,
  answersFrom: 'memory' | 'store',
): Promise<Unserved[]> {
  const healedAt = performance.now();
  const stillDown = await Promise.all(
    fleet.instances.map(async (instance) => {
      for (let served = 0; served < 5;) {
        if (performance.now() > healedAt + PATIENCE_MS)
          return lack(healedAt, `${instance.name} does not serve again`);
        const isServed =
          (await serves(instance, traffic, answersFrom, healedAt)) &&
          (served > 0 || (await logsOut(fleet, instance, traffic)));
        served = isServed ? served + 1 : 0;
        await sleep(50);
      }
      return [];
    }),
  );
  return stillDown.flat();
}

async function serves(
  instance: Instance,
  traffic: Traffic,
  answersFrom: 'memory' | 'store',
  healedAt: number,
): Promise<boolean> {
  const answer = await withinSecond(instance.present(traffic.mint().text));
  if (answer !== 'accepted') return false;
  const sentAt = performance.now();
  const { replica } = await instance.status();
  if (replica === null) return true;
  const readAt = sentAt - (replica.leaseAgeMs ?? Infinity);
  const isFresh = answersFrom === 'store' || readAt > healedAt;
  return replica.answersFrom === answersFrom && isFresh;
}

/** Also `true` where that is not for it to do. */
async function logsOut(fleet: Fleet, instance: Instance, traffic: Traffic): Promise<boolean> {
  if (!fleet.writers.includes(instance)) return true;
  return (await withinSecond(instance.logOut(traffic.mint().text))) === 'accepted';
}

const withinSecond = (outcome: Promise<Outcome>): Promise<Outcome> =>
  Promise.race([outcome, sleep(1000, 'unanswered' as const)]);

const lack = (from: number, inWords: string): Unserved => ({
  from,
  to: performance.now(),
  inWords,
});

/** Tokens about which an instance said nothing in the end, though it was asked again and again. */
function unansweredIn(
  verdicts: ReadonlyMap<string, readonly Outcome[]>,
  since: number,
): Unserved[] {
  return [...verdicts]
    .filter(([, said]) => !said.every((outcome) => isServed({ outcome })))
    .map(([token, said]) => lack(since, `${token}: in the end ${said.join(', ')}`));
}

/** Each attempted token, and what every instance says of it at last. */
async function finalVerdicts(
  fleet: Fleet,
  traffic: Traffic,
): Promise<ReadonlyMap<string, readonly Outcome[]>> {
  const verdicts = new Map<string, readonly Outcome[]>();
  const testTokens = traffic.attempted.values();
  const ask = async (): Promise<void> => {
    for (const testToken of testTokens) {
      const answers = fleet.instances.map((instance) => finalVerdict(instance, traffic, testToken));
      verdicts.set(testToken.jti, await Promise.all(answers));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, ask)); // all of them take from one iterator
  return verdicts;
}

/** Asked again where it is not served at once, for the sake of those that are busy. */
async function finalVerdict(
  instance: Instance,
  traffic: Traffic,
  testToken: TestToken,
): Promise<Outcome> {
  let outcome = await traffic.present(instance, testToken);
  for (let tries = 1; tries < TRIES && !isServed({ outcome }); tries += 1) {
    await sleep(200 * tries);
    outcome = await traffic.present(instance, testToken);
  }
  return outcome;
}

/**
 * Every logout with a 200 has its row and its audit row; one in doubt has both or neither; and
 * every instance says in the end what the rows say.
 */
async function missingRows(
  fleet: Fleet,
  { logouts }: Traffic,
  verdicts: ReadonlyMap<string, readonly Outcome[]>,
  mayBeLost: ReadonlySet<string>,
): Promise<string[]> {
  const tokens = [...verdicts.keys()];
  const done = new Set(
    logouts.filter(({ outcome }) => outcome === 'accepted').map(({ token }) => token),
  );
  const revoked = await countByToken(fleet, 'revoked_tokens', tokens);
  const audited = await countByToken(fleet, 'auth_events', tokens);
  return tokens.flatMap((token) => {
    const rows = revoked.get(token) ?? 0;
    const events = audited.get(token) ?? 0;
    const isRefused = rows > 0 || (done.has(token) && mayBeLost.has(token));
    const said = verdicts.get(token) ?? [];
    const wrong = said.filter((verdict) => verdict === (isRefused ? 'accepted' : 'refused'));
    return [
      ...(rows === events && rows < 2 ? [] : [`${token}: ${rows} rows, ${events} audit rows`]),
      ...(rows === 0 && done.has(token) && !mayBeLost.has(token) ? [`${token}: logout lost`] : []),
      ...(wrong.length === 0 ? [] : [`${token}: ${rows} rows, but in the end ${wrong.join(', ')}`]),
    ];
  });
}

async function countByToken(
  fleet: Fleet,
  table: 'revoked_tokens' | 'auth_events',
  tokens: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const only =
    table === 'auth_events' ? `AND event = 'authn_token_revoked' AND outcome = 'success'` : '';
  const rows = await fleet.query(
    `SELECT token_id, count(*)::int AS count FROM ${table}
     WHERE token_id = ANY($1) ${only} GROUP BY token_id`,
    [tokens],
  );
  return new Map(rows.map(({ token_id, count }) => [String(token_id), Number(count)]));
}

/** For the curious: what was asked and answered. */
function report(history: History, { overloadedMs }: LoadMonitor): void {
  const { requests, logouts, calmUntil, recoveredAt } = history;
  const count = (entries: readonly Entry[], outcome: Outcome): number =>
    entries.filter((entry) => entry.outcome === outcome).length;
  const figures = {
    requests: requests.length,
    accepted: count(requests, 'accepted'),
    refused: count(requests, 'refused'),
    failed: count(requests, 'failed'),
    unanswered: count(requests, 'unanswered'),
    logouts: count(logouts, 'accepted'),
    inDoubt: logouts.length - count(logouts, 'accepted') - count(logouts, 'refused'),
    recoveredAfterMs: Math.round(recoveredAt - calmUntil),
    unserved: unserved(history).length,
    overloadedMs: Math.round(overloadedMs),
  };
  process.stderr.write(`${JSON.stringify(figures)}\n`);
}
