import { createHmac, randomUUID } from 'node:crypto';
import { expiresAt, textOf, type Claims } from '../tokens/verification/claims';
import { tokenKeys } from '../tokens/token-keys';
import type { VerifiedToken } from '../tokens/verified-token';

/** How long a test's token lives, where the test does not say. */
const LIFETIME_SECONDS = 600;

const SUBJECT = 'test-user';

/** What a test says of a token; the rest is that of a good one. `undefined` leaves a claim out. */
export type TestClaims<C extends Claims = Claims> = {
  readonly [Name in keyof C]?: C[Name] | undefined;
};

/**
 * Claims of a good token, but for what the test says: issued now, good for ten minutes, with a `jti`
 * of its own, of the subject "test-user".
 * @param nowMs milliseconds since the epoch.
 */
export function completeClaims(claims: object, nowMs: number): Claims {
  const iat = Math.floor(nowMs / 1000);
  return { sub: SUBJECT, jti: randomUUID(), iat, exp: iat + LIFETIME_SECONDS, ...claims };
}

/** A token of these claims, signed with HS256 (RFC 7515 §3.1). Members that are `undefined` are left out. */
export function signToken(claims: object, secret: string): string {
  const input = signingInput(claims);
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/**
 * What `@CurrentToken()` gives to a handler, for tests that call the handler themselves. Subject and
 * session are `sub` and `sid`.
 * @param claims what the test says of it; see `LogoutTesting.mint` for the rest.
 */
export function verifiedToken<C extends Claims = Claims>(
  claims: TestClaims<C> = {},
): VerifiedToken<C> {
  const complete = completeClaims(claims, Date.now());
  const subject = textOf(complete.sub);
  const sessionId = complete.sid;
  const named = { claims: complete, subject, sessionId };
  const { revocationKey, keys } = tokenKeys(named, signingInput(complete), 'jti');
  const expiresAtMs = expiresAt(complete).getTime();
  // The test says which claims there are; no issuer's rules are checked.
  return { claims: complete as C, subject, sessionId, revocationKey, keys, expiresAtMs };
}

function signingInput(claims: object): string {
  return [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
}
