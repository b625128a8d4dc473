/**
 * The claims of a token after it was accepted. Times are NumericDate: seconds since the epoch,
 * possibly with a fraction (RFC 7519 §2). This file is the only place that knows JWT seconds.
 */
export interface Claims {
  /** Issuer (RFC 7519 §4.1.1): 1–255 characters. */
  readonly iss?: string;
  /** Subject (RFC 7519 §4.1.2): 1–255 characters. Required here: an audit needs to know who. */
  readonly sub: string;
  readonly aud?: string | readonly string[];
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number;
  /** JWT ID (RFC 7519 §4.1.7): 1–128 characters. */
  readonly jti?: string;
  /** Session ID (OpenID Connect Front-Channel Logout §3): 1–128 characters. */
  readonly sid?: string;
  readonly client_id?: string;
  readonly azp?: string;
  readonly [claim: string]: unknown;
}
