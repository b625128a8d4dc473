import type { LogoutTokenReason, RefusalReason } from '../audit/reasons';
import type { Explanation } from '../tokens/explanation/explanation';
import type { RefusalCause } from '../tokens/verification/refusal-cause';
import type { ParsedToken } from '../tokens/verified-token';
import type { IssuerUnavailableError, KeysInDoubtError } from './errors';

/** The reasons that are the same for every token. */
type PlainReason = Exclude<
  RefusalReason,
  | RefusalCause
  | `body_token_${RefusalCause}`
  | LogoutTokenReason
  | 'refresh_token_refused'
  | 'token_revoked'
  | 'keys_in_doubt'
  // The log has the error itself.
  | 'store_unavailable'
  | 'issuer_unavailable'
  | 'internal_error'
>;

const REMEDIES: Readonly<Record<PlainReason, string>> = {
  token_missing:
    'The request has no bearer token. Send "Authorization: Bearer <token>"; where the token is in a ' +
    'cookie, name that in tokenSources.',
  cookie_untrusted:
    'The token is in a cookie, which any page could have made the browser send. Log out with ' +
    'JSON; list the origin of the page in allowedOrigins, unless it is that of the API.',
  token_expired:
    'The token has expired. Log in again; where clocks differ, set clockToleranceSeconds.',
  token_not_own: 'The body names a token of another issuer or subject than the bearer.',
  token_invalid: 'Code of the application refused the token.',
  refused_by_host: 'The option validate returned null, undefined or false.',
  body_token_missing:
    'The body names no token. Send {"token": "<token>"} as JSON, or set bodyToken: "optional".',
  logout_token_missing:
    'The form has no logout_token. An identity provider must send one there (OpenID Connect ' +
    'Back-Channel Logout 1.0 §2.5); users log out at /logout.',
  refresh_token_unknown:
    'What came as refresh token is none of ours, or its session was deleted. Log in again; if it was ' +
    'issued here, list the same refreshKeys in all instances.',
  refresh_token_reused:
    'A refresh token was used again after it had been exchanged: two have it. Its session has ended. ' +
    'Log in again; a client must keep the refresh token that came last.',
  refresh_token_missing:
    'The request names no refresh token. Send {"refreshToken": "<token>"} as JSON, or set ' +
    'sessions.cookie and let the browser send the cookie.',
  session_ended: 'The session was ended. Log in again.',
  session_missing:
    'The bearer is of no session that this application keeps. Send an access token that ' +
    'SessionsService has issued.',
  method_not_allowed: 'Send the method that the header Allow of the answer names.',
  limit_by_token: 'Too many requests with one token. Send fewer, or raise throttleLimit.',
  limit_by_address:
    'Too many requests from one address. Send fewer, or raise throttleLimit; behind a proxy, let the ' +
    'platform trust it: otherwise all clients have one address.',
  limit_by_caller:
    'Too many introspections of one caller. Let it keep answers for some seconds, or raise ' +
    'introspectionLimit.',
  caller_refused:
    'A request to /introspect has no credentials of a caller. Send the id and the secret of one in ' +
    'introspectionCallers by HTTP Basic, each form-urlencoded; secretHashes has the SHA-256 of the ' +
    'secret without a line break: printf %s <secret> | sha256sum | cut -d" " -f1.',
  unsupported_media_type:
    'Send "Content-Type: application/json", in UTF-8 and without encoding; to /revoke, /introspect and ' +
    '/backchannel-logout, a form.',
  content_too_large: 'The body may have maxTokenBytes + 8 KB. Send the token, and little else.',
  bad_request:
    'Send JSON as the body; to /revoke and /introspect, a form with token=… and each parameter once; ' +
    'to /backchannel-logout, one with logout_token=….',
};

/** Of a token without `jti`. */
export const NO_ID =
  'It has no jti: two logins of one user within one second give the same token, and one logout ends ' +
  'both. Let its issuer write one: with @nestjs/jwt, sign with { jwtid: randomUUID() }, or import ' +
  'JwtModule from nestjs-logout/jwt.';

/** Of a token without `iat`. */
export const NO_ISSUE_TIME =
  'It has no iat: as long as a revocation of its user, client or issuer is kept, tokens like it are ' +
  'refused, those of a new login included. Let its issuer write iat.';

/** Whether the reason says it all: no token is needed to explain it. */
export function isPlain(reason: RefusalReason): reason is PlainReason {
  return Object.hasOwn(REMEDIES, reason);
}

export function explainPlain(reason: PlainReason): Explanation {
  return { remedy: REMEDIES[reason] };
}

const REPEATED_ID =
  'If a new login is refused as well, the issuer may give several tokens one jti: set tokenIdentity: ' +
  '"signed-part".';

const SAME_SESSION =
  'A login that goes on in a session which was ended here is refused, too: end the session at its ' +
  'issuer as well.';

/** Which revocation covers the token is not looked up: all that may keep a new login out is named. */
export function explainRevoked({ claims, sessionId }: ParsedToken): Explanation {
  const causes = [
    claims.jti === undefined ? NO_ID : REPEATED_ID,
    ...(sessionId === undefined ? [] : [SAME_SESSION]),
    ...(claims.iat === undefined ? [NO_ISSUE_TIME] : []),
  ];
  return {
    remedy: `The token, its session or its user was logged out. Log in again. ${causes.join(' ')}`,
  };
}

/** That the keys of an issuer are not known is no fault of the token. */
export function explainUnknownKeys({ issuer }: IssuerUnavailableError): Explanation {
  return {
    remedy:
      `The keys of the issuer ${JSON.stringify(issuer)} are not known now. Let this host reach where it ` +
      'publishes them (jwksUri, discovery); the log says why they could not be fetched.',
  };
}

/** The token may be genuine: its issuer may have published another key since. */
export function explainDoubt({ issuer }: KeysInDoubtError): Explanation {
  return {
    remedy:
      `No known key of the issuer ${JSON.stringify(issuer)} has signed the token, and the issuer has not ` +
      'said since it came whether there is another key: it is asked once in 30 s at most, and may not ' +
      'have answered. The sender gets 503 and should send the token again. If this goes on, either the ' +
      'tokens are forged; or the keys cannot be fetched, which the log says; or a cache on the way to ' +
      'them answers with the header Age: let it pass Cache-Control: no-cache on.',
  };
}
