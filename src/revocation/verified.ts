import type {
  KnownVerification,
  TokenVerifier,
  Verification,
} from '../tokens/verification/token-verifier';
import { IssuerUnavailableError } from './errors';

/**
 * The verdict on a text; at once, unless its issuer may have published keys since: then within a
 * second.
 * @throws {IssuerUnavailableError} or rejects with it: the keys of its issuer are not known now.
 */
export function verified(
  verifier: TokenVerifier,
  text: unknown,
): KnownVerification | Promise<KnownVerification> {
  const verification = verifier.verify(text);
  const news = verifier.newsFor(text, verification);
  if (news === undefined) return knownOf(verification);
  return news.then(() => knownOf(verifier.verify(text)));
}

function knownOf(verification: Verification): KnownVerification {
  if (verification.verdict === 'unknown') throw new IssuerUnavailableError(verification.issuer);
  return verification;
}
