import { AuditBudget } from '../../../src/audit/audit-budget';
import type { AuditEvent } from '../../../src/audit/audit-event';

const failure = (more: Partial<AuditEvent> = {}): AuditEvent => ({
  event: 'authn_token_revoked',
  outcome: 'failure',
  reason: 'signature',
  ip: undefined,
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

  it('is apart for foreign tokens, for reuse, and for all else: none spends that of another', () => {
    take(4);
    for (const event of ['authz_fail', 'authn_token_reuse'] as const)
      expect([1, 2, 3, 4].map(() => budget.take(failure({ event })))).toEqual([
        true,
        true,
        true,
        false,
      ]);
  });

  it('lets one network spend half of it, and others the rest', () => {
    const wide = new AuditBudget(4, () => now);
    const from = (ip: string) => wide.take(failure({ ip }));
    expect(['2001:db8::1', '2001:db8::2', '2001:db8::3'].map(from)).toEqual([true, true, false]);
    expect(['10.0.0.1', '10.0.0.1', '10.0.0.1'].map(from)).toEqual([true, true, false]);
    now += 1000;
    expect(from('10.0.0.1')).toBe(true);
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
        networks: { unknown: 3, '2001:db8:0:0::/64': 1 },
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
