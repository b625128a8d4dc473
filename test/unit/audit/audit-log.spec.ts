import { about } from '../../../src/testing/contract/contract';
import type { FailedEvent } from '../../../src/audit/audit-event';
import { AuditLog, tokenFields } from '../../../src/audit/audit-log';
import { ObservedTrail } from '../../support/stores';

const failure: FailedEvent = { event: 'authz_fail', outcome: 'failure', reason: 'token_not_own' };
// Written out, not as a VerifiedToken: the tests change a member of it by a spread.
const token = {
  claims: { iss: 'https://i', sub: 'ada', jti: 'j1', sid: 's1', iat: 1, exp: 2 },
  subject: 'ada',
  sessionId: 's1',
  revocationKey: '07'.repeat(32),
  keys: about(['07'.repeat(32)]),
  expiresAtMs: 2000,
};

describe('The audit log', () => {
  let trail: ObservedTrail;
  let printed: [line: string, outcome: string][];
  let errors: unknown[];
  let now: number;
  let log: AuditLog;

  beforeEach(() => {
    jest.useFakeTimers();
    now = 1_000_000;
    trail = new ObservedTrail();
    printed = [];
    errors = [];
    log = new AuditLog(
      trail,
      (line, outcome) => {
        printed.push([line, outcome]);
      },
      (error) => errors.push(error),
      () => now,
    );
  });
  afterEach(async () => {
    await log.close();
    jest.useRealTimers();
  });
  const pass = async (ms: number): Promise<void> => {
    now += ms;
    await jest.advanceTimersByTimeAsync(ms);
  };

  it('prints a committed success, which the store has written already', async () => {
    log.committed({ ...failure, outcome: 'success' });
    await pass(5000);
    expect(printed).toEqual([
      ['{"event":"authz_fail","outcome":"success","reason":"token_not_own"}', 'success'],
    ]);
    expect(trail.events).toEqual([]);
  });

  it('prints a failure at once and writes it a moment later', async () => {
    log.failed(failure);
    expect(printed).toEqual([[JSON.stringify(failure), 'failure']]);
    await pass(99);
    expect(trail.events).toEqual([]);
    await pass(1);
    expect(trail.events).toEqual([failure]);
  });

  it('prints one line, whatever is in the event', () => {
    log.failed({ ...failure, subject: 'a\u2028b\u0085c\u007f' });
    expect(printed[0]![0]).toContain('"subject":"a\\u2028b\\u0085c\\u007f"');
  });

  it('writes failures of one moment together, at most a hundred a statement', async () => {
    for (let second = 0; second < 3; second += 1) {
      for (let i = 0; i < 50; i += 1) log.failed(failure);
      now += 1000;
    }
    await pass(100);
    expect(trail.batches.map((batch) => batch.length)).toEqual([100, 50]);
  });

  it('writes fifty failures a second, and tells the rest in one row a minute', async () => {
    for (let i = 0; i < 80; i += 1) log.failed(failure);
    await pass(100);
    expect(trail.events).toHaveLength(50);
    await pass(59_900);
    await pass(100);
    expect(trail.events.slice(50)).toEqual([
      expect.objectContaining({
        outcome: 'summary',
        detail: { causes: { 'authz_fail:token_not_own': 30 }, networks: { unknown: 30 } },
      }),
    ]);
    expect(printed).toHaveLength(51);
  });

  it('keeps what it could not write and writes it when the database is back', async () => {
    trail.isAway = true;
    log.failed(failure);
    await pass(600);
    trail.isAway = false;
    await pass(499);
    expect(trail.events).toEqual([]);
    await pass(1);
    await pass(600);
    expect(trail.events).toEqual([failure]);
  });

  it('keeps at most a thousand waiting, and counts the others', async () => {
    trail.isAway = true;
    for (let second = 0; second < 21; second += 1) {
      for (let i = 0; i < 50; i += 1) log.failed(failure);
      now += 1000;
    }
    trail.isAway = false;
    await pass(2000);
    expect(trail.events).toHaveLength(1000);
    await pass(60_000);
    expect(trail.events.at(-1)?.detail?.causes).toEqual({ 'authz_fail:token_not_own': 50 });
  });

  it('writes each failure once, in its order, also where writing is slow', async () => {
    trail.slownessMs = 1000;
    for (let i = 0; i < 20; i += 1) {
      log.failed({ ...failure, subject: `subject-${i}` });
      await pass(150);
    }
    await pass(3000);
    expect(trail.events.map(({ subject }) => subject)).toEqual(
      Array.from({ length: 20 }, (_, i) => `subject-${i}`),
    );
  });

  it('writes each failure once when it is closed while it writes', async () => {
    trail.slownessMs = 1000;
    log.failed(failure);
    await pass(150);
    const closing = Promise.all([log.close(), log.close()]);
    await pass(5000);
    await closing;
    expect(trail.events).toEqual([failure]);
  });

  it('keeps the figures of the minute until there is room for their row', async () => {
    trail.isAway = true;
    for (let second = 0; second < 21; second += 1) {
      for (let i = 0; i < 60; i += 1) log.failed(failure);
      now += 1000;
    }
    await pass(60_000);
    trail.isAway = false;
    await pass(62_000);
    const summaries = trail.events.filter(({ outcome }) => outcome === 'summary');
    expect(summaries.map(({ detail }) => detail?.causes)).toEqual([
      { 'authz_fail:token_not_own': 260 },
    ]);
  });

  it('writes one row of reuse for a token and a minute', async () => {
    log.reused(token, { ip: '203.0.113.7' });
    log.reused(token, { ip: '203.0.113.8' });
    log.reused({ ...token, revocationKey: '08'.repeat(32) }, {});
    await pass(59_999);
    log.reused(token, {});
    await pass(1);
    log.reused(token, {});
    await pass(100);
    expect(trail.events.map(({ tokenFingerprint }) => tokenFingerprint?.slice(0, 2))).toEqual([
      '07',
      '08',
      '07',
    ]);
    expect(trail.events[0]).toEqual({
      ip: '203.0.113.7',
      issuer: 'https://i',
      subject: 'ada',
      tokenId: 'j1',
      sessionId: 's1',
      tokenFingerprint: '07'.repeat(32),
      event: 'authn_token_reuse',
      outcome: 'failure',
      reason: 'token_revoked',
    });
  });

  it('writes its row of reuse as soon as there is room, where a flood had spent the budget', async () => {
    for (let i = 0; i < 50; i += 1) log.reused({ ...token, revocationKey: `${i}` }, {});
    log.reused(token, {});
    now += 1000;
    log.reused(token, {});
    log.reused(token, {});
    await pass(100);
    const rows = trail.events.filter(
      ({ tokenFingerprint }) => tokenFingerprint === token.revocationKey,
    );
    expect(rows).toHaveLength(1);
  });

  it('writes reuse and foreign tokens while a flood has spent the budget of all else', async () => {
    const noise = { ...failure, event: 'input_validation_fail', reason: 'bad_request' } as const;
    for (let i = 0; i < 500; i += 1) log.failed(noise);
    for (let i = 0; i < 9; i += 1) {
      log.failed(failure);
      log.reused({ ...token, revocationKey: `${i}` }, {});
    }
    await pass(100);
    const written = (event: string) => trail.events.filter((each) => each.event === event).length;
    expect([written('authz_fail'), written('authn_token_reuse')]).toEqual([9, 9]);
  });

  it('keeps room for reuse and foreign tokens while an outage has filled what noise may hold', async () => {
    const noise = { ...failure, event: 'input_validation_fail', reason: 'bad_request' } as const;
    trail.isAway = true;
    for (let second = 0; second < 21; second += 1) {
      for (let i = 0; i < 50; i += 1) log.failed(noise);
      now += 1000;
    }
    log.failed(failure);
    log.reused(token, {});
    trail.isAway = false;
    await pass(2000);
    expect(trail.events.slice(1000).map(({ event }) => event)).toEqual([
      'authz_fail',
      'authn_token_reuse',
    ]);
  });

  it('tries again for a key whose row an outage left no room for', async () => {
    trail.isAway = true;
    for (let second = 0; second < 20; second += 1) {
      for (let i = 0; i < 50; i += 1) log.failed(failure);
      now += 1000;
    }
    log.failedOnce('key', 60_000, { ...failure, subject: 'late' });
    trail.isAway = false;
    await pass(2000);
    log.failedOnce('key', 60_000, { ...failure, subject: 'late' });
    log.failedOnce('key', 60_000, { ...failure, subject: 'late' });
    await pass(100);
    expect(trail.events.filter(({ subject }) => subject === 'late')).toHaveLength(1);
  });

  it('leaves out a row that can never be stored, writes the others, and says so', async () => {
    trail.refused = 'subject-30';
    for (let i = 0; i < 40; i += 1) log.failed({ ...failure, subject: `subject-${i}` });
    await pass(100);
    expect(trail.events.map(({ subject }) => subject)).toEqual(
      Array.from({ length: 40 }, (_, i) => `subject-${i}`).filter((each) => each !== 'subject-30'),
    );
    expect(errors).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(/\(authz_fail\) can never be stored/) as string,
        cause: trail.error,
      }),
    ]);
    await pass(60_000);
    expect(trail.events.at(-1)?.detail?.causes).toEqual({ 'authz_fail:token_not_own': 1 });
  });

  it('writes what is waiting, and the last summary, before it closes', async () => {
    for (let i = 0; i < 51; i += 1) log.failed(failure);
    await log.close();
    await log.close();
    expect(trail.events.map(({ outcome }) => outcome)).toEqual([
      ...Array<string>(50).fill('failure'),
      'summary',
    ]);
  });

  it('closes while the database is away, and starts nothing any more', async () => {
    trail.isAway = true;
    log.failed(failure);
    await log.close();
    trail.isAway = false;
    await pass(120_000);
    expect(trail.events).toEqual([]);
  });

  it('passes questions on as they are', async () => {
    expect(await log.find({ subject: 'ada' })).toEqual({
      events: [],
      nextCursor: '{"subject":"ada"}',
    });
  });
});

describe('What the audit keeps of a token', () => {
  it('names it without being it', () => {
    expect(tokenFields(token)).toEqual({
      issuer: 'https://i',
      subject: 'ada',
      tokenId: 'j1',
      sessionId: 's1',
      tokenFingerprint: '07'.repeat(32),
    });
  });

  it('has no more than the token has', () => {
    const bare = { ...token, sessionId: undefined, claims: { sub: 'ada', iat: 1, exp: 2 } };
    expect(tokenFields(bare)).toEqual({ subject: 'ada', tokenFingerprint: '07'.repeat(32) });
  });
});
