import type {
  JudgedLogoutToken,
  LogoutTokenVerification,
} from '../tokens/logout-token/logout-token';
import { type Doubtful, finalVerdict } from '../tokens/verification/final-verdict';
import type {
  KeysBehind,
  KnownVerification,
  TokenVerifier,
  Verification,
} from '../tokens/verification/token-verifier';
import { IssuerUnavailableError, KeysInDoubtError } from './errors';

/**
 * The verdict on a text; at once, unless its issuer may have published keys since: then within a
 * second.
 * @throws {IssuerUnavailableError} or rejects with it: the keys of its issuer are not known now.
 */
export function verificationOf(
  verifier: TokenVerifier,
  text: unknown,
): KnownVerification | Promise<KnownVerification> {
  const verification = verifier.verify(text);
  const refetch = verifier.refetchFor(text, verification);
  if (refetch === undefined) return knownOf(verification);
  return refetch.then(() => knownOf(verifier.verify(text)));
}

/**
 * The final verdict on an access or a refresh token. New keys of its issuer are waited for, five
 * seconds at most.
 * @param refresh absent where no rules say what refresh tokens are.
 * @throws {IssuerUnavailableError} rejects with it: the keys of its issuer are not known now.
 * @throws {KeysInDoubtError} rejects with it: its issuer may have published a key that accepts it.
 */
export async function finalVerification(
  text: string,
  access: TokenVerifier,
  refresh: TokenVerifier | undefined,
): Promise<KnownVerification> {
  const judge = (): Judgement => {
    const judgement = judgementOf(text, access);
    return refresh === undefined ? judgement : decisive(judgement, judgementOf(text, refresh));
  };
  const { verification, behind } = judge();
  if (behind === undefined) return knownOf(verification);
  return knownOf(await finalVerdict('revocation', behind, () => judge().verification));
}

interface Judgement {
  readonly verification: Verification;
  /** With what it may become `live`. */
  readonly behind: KeysBehind | undefined;
}

function judgementOf(text: string, verifier: TokenVerifier): Judgement {
  const verification = verifier.verify(text);
  const behind = verifier.keysBehind(text, verification);
  return { verification, behind: behind?.hasExpired === true ? undefined : behind };
}

/**
 * The one that accepts the token, else one that may still change. Where both may, they change
 * with the same keys: an issuer has one place where keys are fetched, and configured ones stay.
 */
function decisive(one: Judgement, other: Judgement): Judgement {
  if (one.verification.verdict === 'live') return one;
  if (other.verification.verdict === 'live') return other;
  return one.behind === undefined && other.behind !== undefined ? other : one;
}

/**
 * The verdict, where the keys of the issuer tell it.
 * @throws {IssuerUnavailableError} it is `unknown`.
 * @throws {KeysInDoubtError} it is `doubtful`.
 */
export function knownOf(verification: Verification | Doubtful): KnownVerification;
export function knownOf(verification: LogoutTokenVerification): JudgedLogoutToken;
export function knownOf(
  verification: Verification | LogoutTokenVerification,
): KnownVerification | JudgedLogoutToken {
  if (verification.verdict === 'unknown') throw new IssuerUnavailableError(verification.issuer);
  if (verification.verdict === 'doubtful') throw new KeysInDoubtError(verification.issuer);
  return verification;
}
