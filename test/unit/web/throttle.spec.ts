import { about } from '../../../src/testing/contract/contract';
import { AuditLog } from '../../../src/audit/audit-log';
import type { RequestCounter, ThrottleRules } from '../../../src/web/request-counter';
import { Throttle } from '../../../src/web/throttle';
import type { Authentication } from '../../../src/revocation/authentication';
import { MemoryRevocationStore } from '../../../src/stores/memory';

const LIVE: Authentication = {
  verdict: 'live',
  token: {
    claims: { sub: 'ada', iat: 1, exp: 2 },
    subject: 'ada',
    sessionId: undefined,
    revocationKey: 'ab'.repeat(32),
    keys: about(['ab'.repeat(32)]),
    expiresAtMs: 2000,
  },
};
const TOKEN_KEY = `logout:token:${'ab'.repeat(32)}`;

/** Full where it is told to be. */
class FakeCounter implements RequestCounter {
  readonly asked: unknown[][] = [];
  full: readonly string[] = [];
  waitMs = 30_000;
  error: Error | undefined;

  async count(key: string, rules: ThrottleRules): Promise<number | undefined> {
    this.asked.push([key, rules]);
    await Promise.resolve();
    if (this.error !== undefined) throw this.error;
    return this.full.includes(key) ? this.waitMs : undefined;
  }
}

const retryAfter = async (
  throttle: Throttle,
  ...request: Parameters<Throttle['excess']>
): Promise<number | undefined> => (await throttle.excess(...request))?.retryAfterSeconds;

describe('The throttle', () => {
  let counter: FakeCounter;
  let audit: AuditLog;
  let errors: unknown[];
  let throttle: Throttle;
  beforeEach(() => {
    counter = new FakeCounter();
    audit = new AuditLog(new MemoryRevocationStore().audit, () => undefined);
    errors = [];
    throttle = new Throttle(counter, { limit: 7, windowMs: 9000 }, audit, (error) => {
      errors.push(error);
    });
  });
  afterEach(() => audit.close());

  const rules = { limit: 7, windowMs: 9000 };
  const audited = async () => {
    await audit.close();
    return (await audit.find({})).events;
  };

  it('counts by address alone where there is no live bearer', async () => {
    await retryAfter(throttle, { verdict: 'missing' }, { ip: '203.0.113.1' });
    expect(counter.asked).toEqual([['logout:address:203.0.113.1', rules]]);
  });

  it('counts by address and by token where there is one', async () => {
    await retryAfter(throttle, LIVE, { ip: '2001:db8::1' });
    expect(counter.asked).toEqual([
      ['logout:address:2001:db8:0:0::/64', rules],
      [TOKEN_KEY, rules],
    ]);
  });

  it('counts together what comes from no known address', async () => {
    await throttle.countAddress({});
    expect(counter.asked).toEqual([['logout:address:unknown', rules]]);
  });

  it.each([
    ['missing', { verdict: 'missing' }, 30],
    ['refused', { verdict: 'refused', cause: 'form' }, 30],
    ['expired', { ...LIVE, verdict: 'expired' }, 30],
    ['revoked', { ...LIVE, verdict: 'revoked' }, 30],
    ['live', LIVE, undefined],
  ] as [string, Authentication, number | undefined][])(
    'with the address full, answers a bearer that is %s',
    async (_, bearer, wait) => {
      counter.full = ['logout:address:203.0.113.1'];
      expect(await retryAfter(throttle, bearer, { ip: '203.0.113.1' })).toBe(wait);
    },
  );

  it('stops a live bearer by its own bucket', async () => {
    counter.full = [TOKEN_KEY];
    expect(await retryAfter(throttle, LIVE, {})).toBe(30);
  });

  it.each([
    [12_000, 12],
    [1000, 1],
    [200, 1],
    [7010, 8],
    [0, 1],
    [-3000, 1],
  ])('makes of %p ms left the whole seconds %p', async (waitMs, seconds) => {
    counter.waitMs = waitMs;
    counter.full = ['logout:address:unknown'];
    expect((await throttle.countAddress({}))?.retryAfterSeconds).toBe(seconds);
  });

  it.each([
    ['logout:address:203.0.113.1', { verdict: 'missing' }, 'limit_by_address'],
    [TOKEN_KEY, LIVE, 'limit_by_token'],
  ] as [string, Authentication, string][])(
    'audits once that %s is full',
    async (key, bearer, reason) => {
      counter.full = [key];
      const source = { ip: '203.0.113.1', userAgent: 'probe', requestId: 'r1' };
      await retryAfter(throttle, bearer, source);
      await retryAfter(throttle, bearer, source);
      const event = { event: 'excess_rate_limit_exceeded', outcome: 'failure', reason, ...source };
      expect(await audited()).toEqual([expect.objectContaining(event)]);
    },
  );

  it('audits nothing while there is room', async () => {
    await retryAfter(throttle, LIVE, {});
    expect(await audited()).toEqual([]);
  });

  it('lets pass and reports when the counter is broken', async () => {
    counter.error = new Error('lost');
    expect(await retryAfter(throttle, LIVE, {})).toBeUndefined();
    expect(errors).toEqual([counter.error, counter.error]);
  });
});
