import { TokenRejectedError } from '../revocation/errors';
import type { RefreshOutcome } from '../revocation/session-store';

/** Whether the client gets new tokens. */
export function isRefreshed(outcome: RefreshOutcome): outcome is 'rotated' | 'replayed' {
  return outcome === 'rotated' || outcome === 'replayed';
}

/** Why it gets none. */
export function refusalOf(outcome: RefreshOutcome): TokenRejectedError {
  switch (outcome) {
    case 'expired':
      return new TokenRejectedError('TOKEN_EXPIRED');
    case 'reused':
      return new TokenRejectedError('TOKEN_REVOKED', 'refresh_token_reused');
    case 'ended':
      return new TokenRejectedError('TOKEN_REVOKED', 'session_ended');
    default:
      return new TokenRejectedError('TOKEN_INVALID', 'refresh_token_unknown');
  }
}
