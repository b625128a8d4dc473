import type { ThrottlerStorage } from '@nestjs/throttler';
import { AuditLog } from '../../../src/audit/audit-log';
import { Throttle } from '../../../src/web/throttle';
import type { Authentication } from '../../../src/revocation/revoked-tokens.service';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { about } from '../../support/queries';

const LIVE: Authentication = {
  verdict: 'live',
  token: {
    claims: { sub: 'ada', iat: 1, exp: 2 },
    subject: 'ada',
    revocationKey: 'ab'.repeat(32),
    keys: about(['ab'.repeat(32)]),
    expiresAtMs: 2000,
  },
};
const TOKEN_KEY = `logout:token:${'ab'.repeat(32)}`;

/** Full where it is told to be. */
class FakeStorage implements ThrottlerStorage {
  readonly asked: unknown[][] = [];
  full: readonly string[] = [];
  timeToBlockExpire = 30;
  error: Error | undefined;

  increment(key: string, ...rules: [number, number, number, string]) {
    this.asked.push([key, ...rules]);
    if (this.error !== undefined) return Promise.reject(this.error);
    const { timeToBlockExpire } = this;
    const isBlocked = this.full.includes(key);
    return Promise.resolve({ totalHits: 1, timeToExpire: 60, isBlocked, timeToBlockExpire });
  }
}

const retryAfter = async (
  throttle: Throttle,
  ...request: Parameters<Throttle['excess']>
): Promise<number | undefined> => (await throttle.excess(...request))?.retryAfterSeconds;

describe('The throttle', () => {
  let storage: FakeStorage;
  let audit: AuditLog;
  let errors: unknown[];
  let throttle: Throttle;
  beforeEach(() => {
    storage = new FakeStorage();
    audit = new AuditLog(new MemoryRevocationStore().audit, () => undefined);
    errors = [];
    throttle = new Throttle(storage, { limit: 7, windowMs: 9000 }, audit, (error) => {
      errors.push(error);
    });
  });
  afterEach(() => audit.close());

  const rules = [9000, 7, 9000, 'logout'];
  const audited = async () => {
    await audit.close();
    return (await audit.find({})).events;
  };

  it('counts by address alone where there is no live bearer', async () => {
    await retryAfter(throttle, { verdict: 'missing' }, { ip: '203.0.113.1' });
    expect(storage.asked).toEqual([['logout:address:203.0.113.1', ...rules]]);
  });

  it('counts by address and by token where there is one', async () => {
    await retryAfter(throttle, LIVE, { ip: '2001:db8::1' });
    expect(storage.asked).toEqual([
      ['logout:address:2001:db8:0:0::/64', ...rules],
      [TOKEN_KEY, ...rules],
    ]);
  });

  it('counts together what comes from no known address', async () => {
    await throttle.countAddress({});
    expect(storage.asked).toEqual([['logout:address:unknown', ...rules]]);
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
      storage.full = ['logout:address:203.0.113.1'];
      expect(await retryAfter(throttle, bearer, { ip: '203.0.113.1' })).toBe(wait);
    },
  );

  it('stops a live bearer by its own bucket', async () => {
    storage.full = [TOKEN_KEY];
    expect(await retryAfter(throttle, LIVE, {})).toBe(30);
  });

  it.each([
    [12, 12],
    [1, 1],
    [0.2, 1],
    [7.01, 8],
    [0, 1],
    [-3, 1],
  ])('makes of %p seconds left the whole number %p', async (timeToBlockExpire, seconds) => {
    storage.timeToBlockExpire = timeToBlockExpire;
    storage.full = ['logout:address:unknown'];
    expect(await throttle.countAddress({})).toBe(seconds);
  });

  it.each([
    ['logout:address:203.0.113.1', { verdict: 'missing' }, 'limit_by_address'],
    [TOKEN_KEY, LIVE, 'limit_by_token'],
  ] as [string, Authentication, string][])(
    'audits once that %s is full',
    async (key, bearer, reason) => {
      storage.full = [key];
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

  it('lets pass and reports when the storage is broken', async () => {
    storage.error = new Error('lost');
    expect(await retryAfter(throttle, LIVE, {})).toBeUndefined();
    expect(errors).toEqual([storage.error, storage.error]);
  });
});
