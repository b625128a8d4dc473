import { RefusalCounts } from '../../../src/metrics/refusal-counts';
import { StoreUnavailableError, TokenRejectedError } from '../../../src/revocation/errors';
import { REFUSAL_REASONS, type TokenReason } from '../../../src/audit/reasons';

/** The counts that are not zero. */
const told = (counts: RefusalCounts): object =>
  Object.fromEntries([...counts].filter(([, count]) => count > 0));

describe('The counts of refusals', () => {
  it('start at zero for every reason, so that an alert sees the first refusal', () => {
    expect([...new RefusalCounts()]).toEqual(REFUSAL_REASONS.map((reason) => [reason, 0]));
  });

  it.each([
    [new TokenRejectedError('TOKEN_MISSING'), 'token_missing'],
    [new TokenRejectedError('TOKEN_EXPIRED'), 'token_expired'],
    [new TokenRejectedError('TOKEN_REVOKED'), 'token_revoked'],
    [new TokenRejectedError('TOKEN_NOT_OWN'), 'token_not_own'],
    [new TokenRejectedError('TOKEN_INVALID'), 'token_invalid'],
    [new TokenRejectedError('TOKEN_INVALID', 'signature'), 'signature'],
    [new TokenRejectedError('TOKEN_INVALID', 'refused_by_host'), 'refused_by_host'],
    [new TokenRejectedError('TOKEN_INVALID', 'body_token_missing'), 'body_token_missing'],
    [new TokenRejectedError('TOKEN_INVALID', 'body_token_issuer'), 'body_token_issuer'],
    [new StoreUnavailableError('look up a token'), 'store_unavailable'],
  ])('count %p as %s', (error, reason) => {
    const counts = new RefusalCounts();
    counts.countError(error);
    counts.countError(error);
    expect(told(counts)).toEqual({ [reason]: 2 });
  });

  it.each([
    ['a word of a host’s: it may name whom it refused', 'ada is on holiday'],
    ['a reason of the audit’s alone', 'audit_budget'],
  ])('count by no label of its own %s', (_, reason) => {
    const counts = new RefusalCounts();
    counts.countError(new TokenRejectedError('TOKEN_INVALID', reason as TokenReason));
    expect(told(counts)).toEqual({ token_invalid: 1 });
  });

  it.each([new Error('a bug'), undefined, 'token_revoked'])('count %p as unexpected', (error) => {
    const counts = new RefusalCounts();
    counts.countError(error);
    expect(told(counts)).toEqual({ internal_error: 1 });
  });

  it('count what code of a host’s refuses at a route of ours as that', () => {
    const counts = new RefusalCounts();
    counts.countHostRefusal('backchannel-logout', 401);
    expect(told(counts)).toEqual({ refused_by_host: 1 });
  });

  it('know no reason twice', () => {
    expect(new Set(REFUSAL_REASONS).size).toBe(REFUSAL_REASONS.length);
  });
});
