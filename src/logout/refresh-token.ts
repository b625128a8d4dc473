import { TokenRejectedError } from '../revocation/errors';
import type { RevokedTokensService } from '../revocation/revoked-tokens.service';
import type { VerifiedToken } from '../tokens/verified-token';
import { ForeignTokenError, hasSameOwner } from './ownership';

/**
 * The refresh token that a logout names, to be revoked with the access token of `owner`. None where
 * it names none, where that one has expired, or where the rules do not say what refresh tokens the
 * issuer has: then the member is one of those that are ignored.
 * @param named `null`: something that is no text.
 * @throws {TokenRejectedError} it is no refresh token that we accept, or that of another user.
 */
export async function refreshTokenOf(
  owner: VerifiedToken,
  named: string | null | undefined,
  tokens: RevokedTokensService,
): Promise<readonly VerifiedToken[]> {
  if (named === undefined || !tokens.hasRefreshTokens(owner)) return [];
  const verification = await tokens.verifyRefresh(named);
  if (verification.verdict === 'refused')
    throw new TokenRejectedError('TOKEN_INVALID', 'refresh_token_refused');
  const { verdict, token } = verification;
  if (!hasSameOwner(token, owner)) throw new ForeignTokenError(token);
  return verdict === 'live' ? [token] : [];
}
