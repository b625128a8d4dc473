import type { IssuerKeys } from '../keys/issuer-keys';

interface Verdict {
  readonly verdict: string;
  readonly cause?: string;
}

/**
 * Whether other keys of its issuer could make it another verdict: it has published another key since,
 * under a new `kid` or an old one, or its keys are not known.
 */
export function dependsOnKeys({ verdict, cause }: Verdict): boolean {
  return verdict === 'unknown' || (verdict === 'refused' && isFaultOfKeys(cause));
}

const isFaultOfKeys = (cause: string | undefined): boolean =>
  cause === 'key' || cause === 'signature';

/**
 * The verdict on what is not sent twice, and that `dependsOnKeys`: new keys are waited for, five seconds
 * at most, and what they might still change is `unknown` while the issuer has not answered.
 * @param issuer the name that the token gives.
 * @param check gives the verdict by the keys that are known then.
 */
export async function finalVerdict<V extends Verdict>(
  keys: IssuerKeys,
  issuer: string,
  check: () => V,
): Promise<V | { readonly verdict: 'unknown'; readonly issuer: string }> {
  const isCurrent = await keys.isCurrent();
  const verification = check();
  if (isCurrent || !dependsOnKeys(verification)) return verification;
  return { verdict: 'unknown', issuer };
}
