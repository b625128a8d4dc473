import type { LogoutTokenCause } from '../tokens/logout-token/logout-token';
import type { RefusalCause } from '../tokens/verification/refusal-cause';

/** What is wrong with the token that the body of a logout names. */
const BODY_TOKEN_REASONS = {
  form: 'body_token_form',
  header: 'body_token_header',
  algorithm: 'body_token_algorithm',
  type: 'body_token_type',
  key: 'body_token_key',
  signature: 'body_token_signature',
  purpose: 'body_token_purpose',
  claims: 'body_token_claims',
  lifetime: 'body_token_lifetime',
  issuer: 'body_token_issuer',
  audience: 'body_token_audience',
  client: 'body_token_client',
  not_yet_valid: 'body_token_not_yet_valid',
} as const satisfies Readonly<Record<RefusalCause, string>>;

/** What is wrong with the logout token that an identity provider has sent. */
const LOGOUT_TOKEN_REASONS = {
  form: 'logout_token_form',
  header: 'logout_token_header',
  algorithm: 'logout_token_algorithm',
  type: 'logout_token_type',
  key: 'logout_token_key',
  signature: 'logout_token_signature',
  purpose: 'logout_token_purpose',
  claims: 'logout_token_claims',
  lifetime: 'logout_token_lifetime',
  issuer: 'logout_token_issuer',
  audience: 'logout_token_audience',
  not_yet_valid: 'logout_token_not_yet_valid',
  expired: 'logout_token_expired',
  subject: 'logout_token_subject',
} as const satisfies Readonly<Record<LogoutTokenCause, string>>;

export type LogoutTokenReason = (typeof LOGOUT_TOKEN_REASONS)[LogoutTokenCause];

export type BodyTokenReason = (typeof BODY_TOKEN_REASONS)[RefusalCause];

/** Why a token was not accepted. */
export type TokenReason =
  | 'token_missing' // no credentials in the request
  | 'cookie_untrusted' // none but a cookie, and any page may have made the browser send it
  | 'token_expired' // genuine in all else
  | 'token_revoked'
  | 'token_not_own' // of another issuer or subject than the bearer's
  | 'token_invalid' // rejected by a host's code, which said no more
  | 'refused_by_host' // by the option `validate`, or at a route of ours by a guard of the host's
  | RefusalCause
  | 'body_token_missing'
  | BodyTokenReason
  | 'logout_token_missing' // a back-channel logout that names none
  | LogoutTokenReason
  | 'refresh_token_refused' // what a body names as refresh token is none that is accepted
  | 'refresh_token_unknown' // none of ours, or of a session that was deleted
  | 'refresh_token_reused' // it was exchanged before: two have it, and its session has ended
  | 'refresh_token_missing' // a refresh that names none
  | 'session_ended'
  | 'session_missing'; // the bearer is of no session that we keep

/** Why a request was refused whatever its token is. */
export type RequestReason =
  | 'method_not_allowed'
  | 'limit_by_token'
  | 'limit_by_address'
  | 'limit_by_caller'
  | 'caller_refused' // it asked without credentials of a caller of introspection
  | 'unsupported_media_type'
  | 'content_too_large'
  | 'bad_request';

/** Why a request could not be answered. */
export type FailureReason =
  | 'store_unavailable' // the store gave no answer
  | 'issuer_unavailable' // the keys of the token's issuer are not known now
  | 'keys_in_doubt' // no known key has signed the token, and its issuer may have published another
  | 'internal_error'; // anything else unexpected

/** Why a request was refused. The metrics count by these. */
export type RefusalReason = TokenReason | RequestReason | FailureReason;

/** What the audit alone records: no request was refused for it. */
export type AuditReason =
  | 'terminator_failed' // a session terminator threw or rejected
  | 'terminator_timeout' // a session terminator took too long
  | 'audit_budget'; // these failures were counted, not written

/** Every "why not" there is: the same word in the log, the audit and the metrics. */
export type Reason = RefusalReason | AuditReason;

/** A reason that is left out here does not compile. */
const REFUSALS: Readonly<Record<RefusalReason, true>> = {
  token_missing: true,
  cookie_untrusted: true,
  token_expired: true,
  token_revoked: true,
  token_not_own: true,
  token_invalid: true,
  refused_by_host: true,
  form: true,
  header: true,
  algorithm: true,
  type: true,
  key: true,
  signature: true,
  purpose: true,
  claims: true,
  lifetime: true,
  issuer: true,
  audience: true,
  client: true,
  not_yet_valid: true,
  body_token_missing: true,
  body_token_form: true,
  body_token_header: true,
  body_token_algorithm: true,
  body_token_type: true,
  body_token_key: true,
  body_token_signature: true,
  body_token_purpose: true,
  body_token_claims: true,
  body_token_lifetime: true,
  body_token_issuer: true,
  body_token_audience: true,
  body_token_client: true,
  body_token_not_yet_valid: true,
  logout_token_missing: true,
  logout_token_form: true,
  logout_token_header: true,
  logout_token_algorithm: true,
  logout_token_type: true,
  logout_token_key: true,
  logout_token_signature: true,
  logout_token_purpose: true,
  logout_token_claims: true,
  logout_token_lifetime: true,
  logout_token_issuer: true,
  logout_token_audience: true,
  logout_token_not_yet_valid: true,
  logout_token_expired: true,
  logout_token_subject: true,
  refresh_token_refused: true,
  refresh_token_unknown: true,
  refresh_token_reused: true,
  refresh_token_missing: true,
  session_ended: true,
  session_missing: true,
  method_not_allowed: true,
  limit_by_token: true,
  limit_by_address: true,
  limit_by_caller: true,
  caller_refused: true,
  unsupported_media_type: true,
  content_too_large: true,
  bad_request: true,
  store_unavailable: true,
  issuer_unavailable: true,
  keys_in_doubt: true,
  internal_error: true,
};

/** As above. */
const OF_THE_AUDIT: Readonly<Record<AuditReason, true>> = {
  terminator_failed: true,
  terminator_timeout: true,
  audit_budget: true,
};

export function isRefusalReason(value: unknown): value is RefusalReason {
  return typeof value === 'string' && Object.hasOwn(REFUSALS, value);
}

export const REFUSAL_REASONS: readonly RefusalReason[] =
  Object.keys(REFUSALS).filter(isRefusalReason);

export const REASONS: readonly Reason[] = [
  ...REFUSAL_REASONS,
  ...(Object.keys(OF_THE_AUDIT) as AuditReason[]),
];

/** The reason for what is wrong with the token that a body names. */
export function bodyTokenReason(cause: RefusalCause): BodyTokenReason {
  return BODY_TOKEN_REASONS[cause];
}

/** The reason for what is wrong with a logout token. */
export function logoutTokenReason(cause: LogoutTokenCause): LogoutTokenReason {
  return LOGOUT_TOKEN_REASONS[cause];
}
