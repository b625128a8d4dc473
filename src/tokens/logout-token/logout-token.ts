import type { RevocationKey } from '../identity';
import type { Doubtful, UnknownKeys } from '../verification/final-verdict';
import type { RefusalCause } from '../verification/refusal-cause';

/** What a genuine logout token says (OpenID Connect Back-Channel Logout 1.0 §2.4). */
export interface LogoutToken {
  readonly issuer: string;
  /** Its own `jti`. */
  readonly tokenId: string;
  /** The session that has ended. */
  readonly sessionId: string | undefined;
  /** The subject, by the name under which access tokens of the issuer are kept: see `subjectClaim`. */
  readonly subject: string | undefined;
  /**
   * Whether all sessions of the subject have ended: where no session is named, or the option
   * `backchannel.ends` says so. `subject` is there then.
   */
  readonly endsSubject: boolean;
  /** When the sessions ended: its `iat`, in whole seconds since the epoch, rounded down. */
  readonly issuedSeconds: number;
  /** Names the token without being it: a hash of its signed part. */
  readonly fingerprint: RevocationKey;
}

/** Why a logout token was refused. Says nothing of its text. */
export type LogoutTokenCause =
  | Exclude<RefusalCause, 'client'> // `aud` names the client
  | 'expired' // its `exp` has passed; without one, `iat` lies more than 120 s back
  | 'subject'; // it is to end a subject, and `subjectClaim` finds none in it

export type LogoutTokenVerification = JudgedLogoutToken | UnknownKeys | Doubtful;

export type JudgedLogoutToken =
  { readonly verdict: 'genuine'; readonly token: LogoutToken } | RefusedLogoutToken;

export interface RefusedLogoutToken {
  readonly verdict: 'refused';
  readonly cause: LogoutTokenCause;
  /**
   * The claim at fault, and what kind of value it has, of `iss` the value; absent where it is the token
   * as a whole.
   */
  readonly member?: string;
  readonly found?: string;
}
