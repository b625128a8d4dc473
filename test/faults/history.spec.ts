import { gaps, unserved, violations, type Entry, type History, type Outcome } from './history';

const BOUNDS = { afterLogoutMs: 600, afterRefusalMs: 600 };

const entry = (instance: string, startedAt: number, outcome: Outcome, tookMs = 5): Entry => ({
  token: 'jti',
  instance,
  startedAt,
  endedAt: startedAt + tookMs,
  outcome,
});

const history = (
  logouts: readonly Entry[],
  requests: readonly Entry[],
  rest: Partial<History> = {},
): History => ({ logouts, requests, calmUntil: 0, recoveredAt: 100_000, ...rest });

const loggedOutAt1000 = [entry('a', 995, 'accepted')];

describe('The checker of histories', () => {
  it('finds nothing where the token is accepted within the bound and refused after it', () => {
    const sound = history(loggedOutAt1000, [
      entry('b', 900, 'accepted'),
      entry('b', 1590, 'accepted'),
      entry('b', 1601, 'refused'),
      entry('a', 1700, 'failed'),
      entry('b', 5000, 'refused'),
    ]);
    expect(violations(sound, BOUNDS)).toEqual([]);
  });

  it('allows an acceptance that comes late, of a request that started in time', () => {
    const slow = history(loggedOutAt1000, [entry('b', 1600, 'accepted', 30_000)]);
    expect(violations(slow, BOUNDS)).toEqual([]);
  });

  it('notices a token that is accepted in a request that starts past the bound', () => {
    const late = history(loggedOutAt1000, [entry('b', 1601, 'accepted')]);
    expect(violations(late, BOUNDS)).toEqual([
      'b: jti (accepted, started at 1601) accepted 601 ms after its logout’s 200',
    ]);
  });

  it('notices any acceptance after a cluster-wide logout', () => {
    const late = history(loggedOutAt1000, [entry('b', 1001, 'accepted')]);
    expect(violations(late, { ...BOUNDS, afterLogoutMs: 0 })).toHaveLength(1);
  });

  it('measures from the first of several 200s', () => {
    const twice = [...loggedOutAt1000, entry('c', 2000, 'accepted')];
    const late = history(twice, [entry('b', 2100, 'accepted')]);
    expect(violations(late, BOUNDS)).toHaveLength(1);
  });

  it('lets a logout in doubt go either way', () => {
    const inDoubt = [entry('a', 995, 'failed')];
    const always = history(inDoubt, [entry('b', 3000, 'accepted'), entry('b', 9000, 'accepted')]);
    const never = history(inDoubt, [entry('b', 1100, 'refused'), entry('c', 1200, 'refused')]);
    expect([...violations(always, BOUNDS), ...violations(never, BOUNDS)]).toEqual([]);
  });

  it('notices a logout in doubt that goes both ways', () => {
    const both = history(
      [entry('a', 995, 'failed')],
      [entry('b', 1100, 'refused'), entry('c', 1706, 'accepted')],
    );
    expect(violations(both, BOUNDS)).toEqual([
      'c: jti (accepted, started at 1706) accepted 601 ms after a refusal',
    ]);
  });

  it('notices a token whose logout is in doubt and that comes back after it was refused', () => {
    const back = history(
      [entry('a', 995, 'failed')],
      [entry('b', 1100, 'refused'), entry('b', 9000, 'accepted')],
    );
    expect(violations(back, BOUNDS)).toHaveLength(1);
  });

  it('notices a token that is refused although it was not logged out, even during a fault', () => {
    const refused = history([], [entry('b', 1100, 'refused')]);
    expect(violations(refused, BOUNDS)).toEqual([
      'b: jti (refused, started at 1100) refused though it was not logged out',
    ]);
  });

  it('allows a refusal as soon as the logout has been sent', () => {
    const early = history([entry('a', 1000, 'accepted', 300)], [entry('b', 1001, 'refused')]);
    expect(violations(early, BOUNDS)).toEqual([]);
  });

  it.each([
    ['before the fault', 400, true],
    ['during the fault', 1000, false],
    ['after the recovery', 3000, true],
  ])('notices a live token that gets an error %s: at %d ms, %s', (_, startedAt, isNoticed) => {
    const phases = { calmUntil: 500, recoveredAt: 2000 };
    const failed = history([], [entry('b', startedAt, 'failed')], phases);
    expect(unserved(failed)).toHaveLength(isNoticed ? 1 : 0);
  });

  it('notices a logout that fails while nothing is broken, and allows it during a fault', () => {
    const failed = [entry('a', 995, 'failed')];
    const quiet = { calmUntil: 2000, recoveredAt: 3000 };
    expect(unserved(history(failed, [], quiet))).toMatchObject([
      { inWords: 'a: jti (failed, started at 995) live, yet not served, while nothing was broken' },
    ]);
    expect(unserved(history(failed, []))).toEqual([]);
  });

  it('takes no answer that fails for a matter of safety', () => {
    const failed = history([entry('a', 995, 'failed')], [entry('b', 400, 'failed')], {
      calmUntil: 2000,
      recoveredAt: 3000,
    });
    expect(violations(failed, BOUNDS)).toEqual([]);
  });

  it('takes no answer about a token for a lack of service, be it right or wrong', () => {
    const wrong = history(loggedOutAt1000, [entry('b', 1601, 'accepted')], { calmUntil: 9000 });
    expect(unserved(wrong)).toEqual([]);
  });

  it('notices an odd answer to a logout, even during a fault', () => {
    expect(violations(history([entry('a', 995, 'odd')], []), BOUNDS)).toHaveLength(1);
  });

  it('notices an answer that is none of those that can be', () => {
    expect(violations(history([], [entry('b', 1000, 'odd')]), BOUNDS)).toHaveLength(1);
  });

  it('says which instance too little was asked of to prove anything', () => {
    const asked = Array.from({ length: 20 }, (_, n) => entry('b', 2000 + n, 'refused'));
    const seen = history(loggedOutAt1000, [...asked, ...asked.slice(1).map(at('a'))]);
    expect(gaps(seen, BOUNDS, ['a', 'b'])).toEqual([
      'proves nothing: a answered 19 requests past the bound',
    ]);
  });
});

const at =
  (instance: string) =>
  (request: Entry): Entry => ({ ...request, instance });
