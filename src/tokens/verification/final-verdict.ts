import type { FinalVerdictOn, IssuerKeys } from '../keys/issuer-keys';

interface Verdict {
  readonly verdict: string;
  readonly cause?: string;
}

/** The keys of its issuer cannot be had now. */
export interface UnknownKeys {
  readonly verdict: 'unknown';
  readonly issuer: string;
}

/**
 * No known key of its issuer has signed the token, and the issuer has not said since the token came
 * whether there is another.
 */
export interface Doubtful {
  readonly verdict: 'doubtful';
  readonly issuer: string;
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
 * The final verdict on what `dependsOnKeys`: new keys are waited for, five seconds at most. A refusal
 * that they might still end is `doubtful`, and not final.
 * @param token what it is.
 * @param issuer the name that the token gives.
 * @param check gives the verdict by the keys that are known then.
 */
export async function finalVerdict<V extends Verdict>(
  token: FinalVerdictOn,
  { keys, issuer }: { readonly keys: IssuerKeys; readonly issuer: string },
  check: () => V,
): Promise<V | Doubtful> {
  const isCurrent = await keys.isCurrent(token);
  const verification = check();
  // Without any keys nothing is in doubt: the issuer cannot be reached.
  if (isCurrent || verification.verdict === 'unknown') return verification;
  return dependsOnKeys(verification) ? { verdict: 'doubtful', issuer } : verification;
}
