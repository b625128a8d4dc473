import { kindOfMember } from '../explanation/explanation';
import {
  checkClaims,
  faultyClaim,
  isClaims,
  type ClaimError,
  type ClaimRules,
  type Claims,
} from '../verification/claims';
import type { Issuer } from '../verification/issuers';
import { isJsonObject, type JsonObject } from '../verification/json-object';
import type { ResolvedBackchannel } from './backchannel-rules';
import type { LogoutToken, LogoutTokenCause, RefusedLogoutToken } from './logout-token';

/** The member of `events` that makes a JWT a logout token (Back-Channel Logout 1.0 §2.4). */
export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** How old a logout token may be that has no `exp`, which drafts of the specification left out. */
const MAX_AGE_SECONDS = 120;
/** The longest `exp − iat`. Providers give some minutes; one that repeats for days gives days. */
const MAX_LIFETIME_SECONDS = 31 * 86_400;

/** An issuer that sends logout tokens. */
export type LogoutTokenIssuer = Issuer & { readonly backchannel: ResolvedBackchannel };

type SignedToken = Omit<LogoutToken, 'issuer' | 'fingerprint'>;

/**
 * What the payload of a logout token says, by Back-Channel Logout 1.0 §2.6. Its signature is good.
 * @param issuer the one that its `iss` names.
 * @param nowSeconds since the epoch.
 */
export function readLogoutClaims(
  payload: JsonObject,
  issuer: LogoutTokenIssuer,
  nowSeconds: number,
): SignedToken | RefusedLogoutToken {
  const claims = withExpiry(payload);
  if (!isClaims(claims)) return refused('claims', payload, faultyClaim(claims));
  const { iat, jti, sid, sub } = claims;
  if (iat === undefined) return refused('claims', payload, 'iat');
  if (typeof jti !== 'string') return refused('claims', payload, 'jti');
  if (sid !== undefined && typeof sid !== 'string') return refused('claims', payload, 'sid');
  if (sid === undefined && sub === undefined) return refused('claims', payload, 'sid');
  const purpose = otherPurpose(claims);
  if (purpose !== undefined) return refused('purpose', payload, purpose);
  const error = checkLogoutClaims(claims, issuer, nowSeconds);
  if (error !== undefined) return refused(error, payload, MEMBERS[error]);
  // Where the access tokens of the issuer have the subject elsewhere, that is what revokes them.
  const subject = issuer.readSubject(claims) ?? undefined;
  const endsSubject = sid === undefined || issuer.backchannel.ends === 'subject';
  if (endsSubject && subject === undefined) return refused('subject', payload, 'sub');
  const issuedSeconds = Math.floor(iat);
  return { tokenId: jti, sessionId: sid, subject, endsSubject, issuedSeconds };
}

/** A logout token without `exp` counts as one that expires 120 s after its `iat`. */
function withExpiry(payload: JsonObject): JsonObject {
  const { iat } = payload;
  return { exp: typeof iat === 'number' ? iat + MAX_AGE_SECONDS : 0, ...payload };
}

/** An access or ID token has no such event; a logout token has no `nonce`, so that it is no ID token. */
function otherPurpose({ events, ...claims }: Claims): string | undefined {
  const event =
    isJsonObject(events) && Object.hasOwn(events, LOGOUT_EVENT) ? events[LOGOUT_EVENT] : undefined;
  if (!isJsonObject(event)) return 'events';
  return Object.hasOwn(claims, 'nonce') ? 'nonce' : undefined;
}

function checkLogoutClaims(
  claims: Claims,
  { names, clockToleranceSeconds, backchannel }: LogoutTokenIssuer,
  nowSeconds: number,
): LogoutClaimError | undefined {
  const rules: ClaimRules = {
    names,
    audiences: backchannel.clientIds,
    clientIds: null,
    clockToleranceSeconds,
    maxLifetimeSeconds: MAX_LIFETIME_SECONDS,
  };
  const error = checkClaims(claims, rules, nowSeconds);
  // `aud` names the client here, so no other claim that does is looked at.
  return error === 'client' ? 'audience' : error;
}

type LogoutClaimError = Exclude<ClaimError, 'client'>;

const MEMBERS: Readonly<Record<LogoutClaimError, string>> = {
  lifetime: 'exp',
  issuer: 'iss',
  audience: 'aud',
  not_yet_valid: 'iat',
  expired: 'exp',
};

function refused(
  cause: LogoutTokenCause,
  payload: JsonObject,
  member: string | undefined,
): RefusedLogoutToken {
  if (member === undefined) return { verdict: 'refused', cause };
  const value = Object.hasOwn(payload, member) ? payload[member] : undefined;
  return { verdict: 'refused', cause, member, found: kindOfMember(value) };
}
