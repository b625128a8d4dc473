import type { Session } from '../revocation/session-store';
import { clientOf, textOf } from '../tokens/verification/claims';
import { isJsonObject, type JsonObject } from '../tokens/verification/json-object';
import type { VerifiedToken } from '../tokens/verified-token';

/** The members of an answer (RFC 7662 §2.2), `active` among them; `undefined`: not in it. */
export type IntrospectionAnswer = JsonObject & { readonly active: boolean };

/** All that is said of what is not active: why it is not, no caller learns (RFC 7662 §2.2). */
export const INACTIVE: IntrospectionAnswer = Object.freeze({ active: false });

/** A live access token. Times are whole seconds, rounded down. */
export function describeAccessToken(token: VerifiedToken): IntrospectionAnswer {
  const { scope, aud, cnf } = token.claims;
  return {
    ...described(token),
    aud,
    jti: textOf(token.claims.jti),
    scope: typeof scope === 'string' ? scope : undefined,
    ...(isJsonObject(cnf) && { cnf }),
    token_type: typeOf(cnf),
  };
}

/** A live refresh token that is a JWT. It has no `token_type`: it is no bearer. */
export const describeRefreshToken = (token: VerifiedToken): IntrospectionAnswer => described(token);

/** The newest refresh token of a live session of ours. */
export function describeSession(session: Session): IntrospectionAnswer {
  const { issuer, subject, rotatedAt, idleExpiresAt, expiresAt, sid, clientId } = session;
  const endsMs = Math.min(idleExpiresAt.getTime(), expiresAt.getTime());
  return {
    active: true,
    iss: issuer,
    sub: subject,
    exp: Math.floor(endsMs / 1000),
    iat: Math.floor(rotatedAt.getTime() / 1000),
    sid,
    client_id: clientId,
  };
}

function described({ claims, subject, sessionId }: VerifiedToken): IntrospectionAnswer {
  const { iss, exp, iat } = claims;
  return {
    active: true,
    iss,
    sub: subject,
    exp: Math.floor(exp),
    iat: iat === undefined ? undefined : Math.floor(iat),
    sid: textOf(sessionId),
    client_id: clientOf(claims),
  };
}

/**
 * A token that is bound to a key is told with its `cnf`: a resource server that was not told would
 * take it from any client (RFC 8705 §3.2, RFC 9449 §6.2).
 */
const typeOf = (cnf: unknown): string =>
  isJsonObject(cnf) && cnf.jkt !== undefined ? 'DPoP' : 'Bearer';
