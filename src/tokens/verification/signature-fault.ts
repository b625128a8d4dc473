import type { KeySet } from '../keys/key-set';
import type { RefusalCause } from './refusal-cause';
import type { TokenParts } from './token-form';
import { normalizeType, type TokenHeader } from './token-header';

type SignatureFault = Extract<RefusalCause, 'algorithm' | 'key' | 'type' | 'signature'>;

/** Whether a key of the issuer has signed the token, and its `typ` is one of these. */
export function faultOfSignature(
  { signingInput, signature }: TokenParts,
  { alg, kid, typ }: TokenHeader,
  keys: KeySet,
  types: ReadonlySet<string | undefined>,
): SignatureFault | undefined {
  const candidates = keys.candidates(alg, kid);
  if (candidates === undefined) return 'algorithm';
  if (candidates.length === 0) return 'key';
  if (!types.has(typ === undefined ? undefined : normalizeType(typ))) return 'type';
  const bytes = Buffer.from(signature, 'base64url');
  return candidates.some((key) => key.isGood(signingInput, bytes)) ? undefined : 'signature';
}
