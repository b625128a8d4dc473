import type { TokenReason } from '../audit/reasons';
import type { Explanation } from '../tokens/explanation/explanation';
import { IssuerUnavailableError } from './errors';
import { explainUnknownKeys } from './reason-explanations';

/** Why a text is not accepted; nothing but the verdict where it is. */
export interface TokenExplanation extends Partial<Explanation> {
  /** `unknown`: the keys of its issuer are not known now, and a request with it gets 500. */
  readonly verdict: 'live' | 'expired' | 'revoked' | 'refused' | 'unknown';
  /** The word that log, audit and metrics have for it. */
  readonly reason?: TokenReason | 'issuer_unavailable';
}

/**
 * The explanation of a text that could not be verified.
 * @throws what is not that the keys of its issuer are not known.
 */
export function explainUnverified(error: unknown): TokenExplanation {
  if (!(error instanceof IssuerUnavailableError)) throw error;
  return { verdict: 'unknown', reason: 'issuer_unavailable', ...explainUnknownKeys(error) };
}
