/** What the client saw of one request; `unanswered`: the connection ended, or it stopped waiting. */
export type Outcome = 'accepted' | 'refused' | 'expired' | 'failed' | 'unanswered' | 'odd';

/** One request with a token: to the protected route, or to be logged out. */
export interface Entry {
  /** The `jti`. */
  readonly token: string;
  readonly instance: string;
  /** Noted before anything was sent; ms on the one monotonic clock of the recorder. */
  readonly startedAt: number;
  /** When the status line had arrived, or there was no hope of one any more. */
  readonly endedAt: number;
  readonly outcome: Outcome;
}

/** All that was asked and answered in one run. */
export interface History {
  readonly requests: readonly Entry[];
  /** `accepted`: the logout was answered with 200, or a host's transaction was committed. */
  readonly logouts: readonly Entry[];
  /** Until here nothing was broken yet. */
  readonly calmUntil: number;
  /** From here on everything served again. */
  readonly recoveredAt: number;
}

export interface Bounds {
  /** No request that starts this long after the logout's 200 is accepted. */
  readonly afterLogoutMs: number;
  /** Nor one that starts this long after any instance refused the token as revoked. */
  readonly afterRefusalMs: number;
}

/** Fewer requests of this kind to an instance would prove nothing of it. */
const TELLING = 20;

/**
 * Everything in a history that must never happen, on no machine and under no load, in words: a
 * token is accepted that was logged out, or is refused as revoked that was not. Nothing where all
 * is well. It knows nothing of the system but what its clients saw.
 */
export function violations(history: History, bounds: Bounds): string[] {
  return [
    ...acceptedAfterLogout(history, bounds),
    ...acceptedAfterRefusal(history, bounds),
    ...refusedWithoutLogout(history),
    ...asked(history)
      .filter(({ outcome }) => outcome === 'odd')
      .map(say('got an odd answer')),
  ];
}

/** A lack of service while nothing was broken, and when that was. */
export interface Unserved {
  readonly from: number;
  readonly to: number;
  readonly inWords: string;
}

/**
 * Live tokens and logouts that were not served while nothing was broken. That is no matter of
 * safety; and a machine that is busy with other things has its share in it: see `LoadMonitor`.
 */
export function unserved(history: History): Unserved[] {
  const attempted = earliest(history.logouts, ({ startedAt }) => startedAt);
  const isInCalm = ({ startedAt, endedAt }: Entry): boolean =>
    endedAt <= history.calmUntil || startedAt >= history.recoveredAt;
  const ofLive = history.requests.filter(
    ({ token, endedAt }) => !((attempted.get(token) ?? Infinity) <= endedAt),
  );
  return [...ofLive, ...history.logouts]
    .filter((entry) => isInCalm(entry) && !isServed(entry))
    .map((entry) => ({
      from: entry.startedAt,
      to: entry.endedAt,
      inWords: say('live, yet not served, while nothing was broken')(entry),
    }));
}

/** Whether it got one of the answers that a token gets by what it is. */
export const isServed = ({ outcome }: Pick<Entry, 'outcome'>): boolean =>
  outcome === 'accepted' || outcome === 'refused';

/** @returns of which instances too little was seen, in words. */
export function gaps(history: History, bounds: Bounds, instances: readonly string[]): string[] {
  const loggedOut = firstEnd(history.logouts, 'accepted');
  const telling = history.requests.filter(
    ({ token, startedAt, outcome }) =>
      startedAt > (loggedOut.get(token) ?? Infinity) + bounds.afterLogoutMs &&
      startedAt > history.calmUntil &&
      outcome !== 'unanswered',
  );
  return instances
    .map((name) => ({ name, count: telling.filter(({ instance }) => instance === name).length }))
    .filter(({ count }) => count < TELLING)
    .map(({ name, count }) => `proves nothing: ${name} answered ${count} requests past the bound`);
}

function acceptedAfterLogout({ requests, logouts }: History, bounds: Bounds): string[] {
  const loggedOut = firstEnd(logouts, 'accepted');
  return lateAcceptances(requests, loggedOut, bounds.afterLogoutMs, 'its logout’s 200');
}

/**
 * Once a token is refused as revoked, its revocation is committed, whether or not a client was told
 * so: the same bound holds. Within it an instance may refuse by what it looked up and then accept by
 * what it remembers.
 */
function acceptedAfterRefusal({ requests, logouts }: History, bounds: Bounds): string[] {
  const refused = firstEnd([...requests, ...logouts], 'refused');
  return lateAcceptances(requests, refused, bounds.afterRefusalMs, 'a refusal');
}

function lateAcceptances(
  requests: readonly Entry[],
  since: ReadonlyMap<string, number>,
  boundMs: number,
  event: string,
): string[] {
  return requests
    .filter(({ outcome }) => outcome === 'accepted')
    .map((request) => ({ request, lateMs: request.startedAt - (since.get(request.token) ?? NaN) }))
    .filter(({ lateMs }) => lateMs > boundMs)
    .map(({ request, lateMs }) => say(`accepted ${Math.round(lateMs)} ms after ${event}`)(request));
}

function refusedWithoutLogout({ requests, logouts }: History): string[] {
  const attempted = earliest(logouts, ({ startedAt }) => startedAt);
  return requests
    .filter(({ outcome }) => outcome === 'refused')
    .filter(({ token, endedAt }) => !((attempted.get(token) ?? Infinity) <= endedAt))
    .map(say('refused though it was not logged out'));
}

const asked = ({ requests, logouts }: History): readonly Entry[] => [...requests, ...logouts];

const firstEnd = (entries: readonly Entry[], outcome: Outcome): Map<string, number> =>
  earliest(
    entries.filter((entry) => entry.outcome === outcome),
    ({ endedAt }) => endedAt,
  );

function earliest(entries: readonly Entry[], instant: (entry: Entry) => number) {
  const found = new Map<string, number>();
  for (const entry of entries) {
    found.set(entry.token, Math.min(found.get(entry.token) ?? Infinity, instant(entry)));
  }
  return found;
}

const say =
  (what: string) =>
  ({ instance, token, startedAt, outcome }: Entry): string =>
    `${instance}: ${token} (${outcome}, started at ${Math.round(startedAt)}) ${what}`;
