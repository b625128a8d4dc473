import type { RequestSource } from '../audit/audit-event';
import type { RefusalCause } from '../tokens/verification/refusal-cause';
import type { TokenUse } from '../tokens/verification/resolved-rules';
import type { VerifiedToken } from '../tokens/verification/token-verifier';
import { TokenRejectedError } from './errors';

/** What a presented text is worth at this instant. */
export type Authentication =
  | { readonly verdict: 'live'; readonly token: VerifiedToken }
  | { readonly verdict: 'expired'; readonly token: VerifiedToken }
  | { readonly verdict: 'revoked'; readonly token: VerifiedToken }
  | { readonly verdict: 'refused'; readonly cause: RefusalCause }
  /** `reason`: why the token that came does not count. */
  | { readonly verdict: 'missing'; readonly reason?: 'cookie_untrusted' };

/** Why what is not live is not accepted. */
export function rejection(
  authentication: Exclude<Authentication, { verdict: 'live' }>,
): TokenRejectedError {
  switch (authentication.verdict) {
    case 'missing':
      return new TokenRejectedError('TOKEN_MISSING', authentication.reason);
    case 'expired':
      return new TokenRejectedError('TOKEN_EXPIRED');
    case 'revoked':
      return new TokenRejectedError('TOKEN_REVOKED');
    case 'refused':
      return new TokenRejectedError('TOKEN_INVALID', authentication.cause);
  }
}

/** What a token is presented for, and from where. */
export interface PresentedFor extends RequestSource {
  /** @defaultValue 'access' */
  readonly use?: TokenUse;
}
