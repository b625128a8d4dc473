import { AuditBudget } from '../../../src/audit/audit-budget';
import type { AuditEvent } from '../../../src/audit/audit-event';

const failure = (more: Partial<AuditEvent> = {}): AuditEvent => ({
  event: 'authn_token_revoked',
  outcome: 'failure',
  reason: 'signature',
  ip: '203.0.113.7',
  ...more,
});

describe('The budget for failures', () => {
  let now: number;
  let budget: AuditBudget;
  beforeEach(() => {
    now = 1_000_000;
    budget = new AuditBudget(3, () => now);
  });
  const take = (times: number): boolean[] =>
    Array.from({ length: times }, () => budget.take(failure()));

  it('lets so many through each second, and counts the rest', () => {
    expect(take(5)).toEqual([true, true, true, false, false]);
  });

  it('is whole again in the next second, not before', () => {
    take(3);
    now += 999;
    expect(take(1)).toEqual([false]);
    now += 1;
    expect(take(4)).toEqual([true, true, true, false]);
  });

  it('tells what was only counted, by cause and by network, once', () => {
    take(5);
    budget.take(failure({ ip: '2001:db8::9', reason: undefined }));
    budget.take(failure({ ip: undefined, event: 'input_validation_fail', reason: 'bad_request' }));
    expect(budget.summary()).toEqual({
      event: 'excess_rate_limit_exceeded',
      outcome: 'summary',
      reason: 'audit_budget',
      detail: {
        causes: {
          'authn_token_revoked:signature': 2,
          'authn_token_revoked:failure': 1,
          'input_validation_fail:bad_request': 1,
        },
        networks: { '203.0.113.7': 2, '2001:db8:0:0::/64': 1, unknown: 1 },
      },
    });
    expect(budget.summary()).toBeUndefined();
  });

  it('has nothing to tell where everything was written', () => {
    take(3);
    expect(budget.summary()).toBeUndefined();
  });

  it('tells of the hundred networks with most failures, whatever an attacker rotates', () => {
    take(3);
    for (let i = 0; i < 150; i += 1) budget.take(failure({ ip: `10.0.0.${i}` }));
    for (let i = 0; i < 5; i += 1) budget.take(failure({ ip: '10.0.0.149' }));
    const networks = Object.entries(budget.summary()?.detail?.networks ?? {});
    expect(networks).toHaveLength(100);
    expect(networks[0]).toEqual(['10.0.0.149', 6]);
  });

  it('counts under one name what would need more memory than is granted', () => {
    take(3);
    for (let i = 0; i < 10_005; i += 1)
      budget.count(failure({ reason: `cause-${i}`, ip: '10.0.0.1' }));
    const causes = budget.summary()?.detail?.causes as Record<string, number>;
    expect(Object.keys(causes)).toHaveLength(10_001);
    expect(causes.other).toBe(5);
  });
});

describe('One row for a key and a window', () => {
  let now: number;
  let budget: AuditBudget;
  beforeEach(() => {
    now = 1_000_000;
    budget = new AuditBudget(3, () => now);
  });

  it('is written first, and then not before the window has ended', () => {
    expect(budget.isFirst('a', 60_000)).toBe(true);
    now += 59_999;
    expect(budget.isFirst('a', 60_000)).toBe(false);
    now += 1;
    expect(budget.isFirst('a', 60_000)).toBe(true);
    expect(budget.isFirst('a', 60_000)).toBe(false);
  });

  it('is kept apart for each key', () => {
    expect([budget.isFirst('a', 1000), budget.isFirst('b', 1000)]).toEqual([true, true]);
  });

  it('is remembered for ten thousand keys; ended windows make room', () => {
    for (let i = 0; i < 10_000; i += 1) budget.isFirst(`key-${i}`, 1000);
    expect([budget.isFirst('one more', 1000), budget.isFirst('one more', 1000)]).toEqual([
      true,
      true,
    ]);
    now += 1000;
    expect([budget.isFirst('later', 1000), budget.isFirst('later', 1000)]).toEqual([true, false]);
  });

  it('is looked for among ten thousand ended windows once a second, not for each event', () => {
    for (let i = 0; i < 10_000; i += 1) budget.isFirst(`key-${i}`, i === 0 ? 500 : 60_000);
    budget.isFirst('none has ended', 1000);
    now += 600;
    budget.isFirst('one has ended', 1000);
    expect(budget.isFirst('one has ended', 1000)).toBe(true);
    now += 400;
    budget.isFirst('a second later', 1000);
    expect(budget.isFirst('a second later', 1000)).toBe(false);
  });
});
