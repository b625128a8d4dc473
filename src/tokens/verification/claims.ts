import type { JsonObject } from './json-object';

/** Text, or a safe integer, as many logins write the id of a row. */
export type Identifier = string | number;

/**
 * The claims of a token after it was accepted. Times are NumericDate: seconds since the epoch,
 * possibly with a fraction (RFC 7519 §2). This file is the only place that knows JWT seconds.
 */
export interface Claims {
  /** Issuer (RFC 7519 §4.1.1): 1–255 characters. */
  readonly iss?: string;
  /** Subject (RFC 7519 §4.1.2): 1–255 characters. See `TokenRules.subjectClaim`. */
  readonly sub?: Identifier;
  readonly aud?: string | readonly string[];
  readonly iat?: number;
  readonly exp: number;
  readonly nbf?: number;
  /** JWT ID (RFC 7519 §4.1.7): 1–128 characters. */
  readonly jti?: Identifier;
  /**
   * Session ID (OpenID Connect Front-Channel Logout §3): 1–128 characters. See
   * `TokenRules.sessionClaim`.
   */
  readonly sid?: Identifier;
  readonly client_id?: Identifier;
  readonly azp?: Identifier;
  readonly [claim: string]: unknown;
}

/** What the rules ask of claims that are of the right form. */
export interface ClaimRules {
  /** The accepted `iss`: the names of the issuer; `null`: any, or none. */
  readonly names: ReadonlySet<string> | null;
  /** `null`: any audience, or none. */
  readonly audiences: ReadonlySet<string> | null;
  /** `null`: any client, or none. */
  readonly clientIds: ReadonlySet<string> | null;
  readonly clockToleranceSeconds: number;
  readonly maxLifetimeSeconds: number;
}

/** What is wrong with claims that are of the right form. */
export type ClaimError =
  'lifetime' | 'issuer' | 'audience' | 'client' | 'not_yet_valid' | 'expired';

/** Some issuers round `iat` up to the next whole second. */
const MAX_AHEAD_SECONDS = 1;

const MAX_ISSUER_LENGTH = 255;
const MAX_SUBJECT_LENGTH = 255;
const MAX_CLIENT_LENGTH = 255;
const MAX_SESSION_LENGTH = 128;

type Form = readonly [claim: string, isOfForm: (value: unknown) => boolean];

const name = (claim: string, maxLength: number): Form => [
  claim,
  (value) => value === undefined || isName(value, maxLength),
];
const identifier = (claim: string, maxLength: number): Form => [
  claim,
  (value) => value === undefined || isIdentifier(value, maxLength),
];

/** The registered claims that we know, each with the form that it must have. */
const FORMS: readonly Form[] = [
  name('iss', MAX_ISSUER_LENGTH),
  identifier('sub', MAX_SUBJECT_LENGTH),
  identifier('jti', 128),
  identifier('sid', MAX_SESSION_LENGTH),
  identifier('client_id', MAX_CLIENT_LENGTH),
  identifier('azp', MAX_CLIENT_LENGTH),
  ['aud', (value) => value === undefined || isAudience(value)],
  // JSON has no infinity, but 1e999 reads as one.
  ['exp', Number.isFinite],
  ['iat', (value) => value === undefined || (typeof value === 'number' && value >= 0)],
  ['nbf', (value) => value === undefined || Number.isFinite(value)],
];

/**
 * Whether a payload has `exp`, and no registered claim of a wrong form. Private claims may be
 * anything.
 */
export function isClaims(payload: JsonObject): payload is Claims {
  return faultyClaim(payload) === undefined;
}

/** The first claim that keeps a payload from being a set of claims; `undefined`: there is none. */
export function faultyClaim(payload: JsonObject): string | undefined {
  for (const [claim, isOfForm] of FORMS) if (!isOfForm(payload[claim])) return claim;
  const { exp, iat = 0 } = payload as Pick<Claims, 'exp' | 'iat'>;
  return iat < exp ? undefined : 'exp';
}

/**
 * The first thing that is wrong, `undefined` when nothing is. `expired` is looked at last: it is
 * said only of claims that are acceptable in all else.
 * @param nowSeconds since the epoch. Written so that a clock that tells nothing (NaN) refuses.
 */
export function checkClaims(
  claims: Claims,
  rules: ClaimRules,
  nowSeconds: number,
): ClaimError | undefined {
  const { names, audiences, clientIds, clockToleranceSeconds, maxLifetimeSeconds } = rules;
  const latestStart = nowSeconds + clockToleranceSeconds + MAX_AHEAD_SECONDS;
  if (claims.exp - (claims.iat ?? nowSeconds) > maxLifetimeSeconds) return 'lifetime';
  if (names !== null && (claims.iss === undefined || !names.has(claims.iss))) return 'issuer';
  if (audiences !== null && !audiencesOf(claims.aud).some((aud) => audiences.has(aud))) {
    return 'audience';
  }
  if (clientIds !== null && !clientIds.has(clientOf(claims) ?? '')) return 'client';
  if (!((claims.iat ?? 0) <= latestStart && (claims.nbf ?? 0) <= latestStart))
    return 'not_yet_valid';
  return nowSeconds < claims.exp + clockToleranceSeconds ? undefined : 'expired';
}

/**
 * Where issuers write the client that a token was issued to: RFC 9068 §2.2, OpenID Connect Core §2,
 * Okta, and version 1 of Entra.
 */
export const CLIENT_CLAIMS = ['client_id', 'azp', 'cid', 'appid'] as const;

/**
 * The client that a token was issued to, by the first of `CLIENT_CLAIMS` that is there. `undefined`:
 * none is, or that one names no client.
 */
export function clientOf(claims: Claims): string | undefined {
  const name = CLIENT_CLAIMS.find((each) => Object.hasOwn(claims, each));
  return name === undefined ? undefined : clientText(claims[name]);
}

/** Every client that a token names in one of `CLIENT_CLAIMS`, each once. */
export function clientsOf(claims: Claims): readonly string[] {
  const clients: string[] = [];
  for (const name of CLIENT_CLAIMS) {
    const client = Object.hasOwn(claims, name) ? clientText(claims[name]) : undefined;
    if (client !== undefined && !clients.includes(client)) clients.push(client);
  }
  return clients;
}

const clientText = (value: unknown): string | undefined =>
  isIdentifier(value, MAX_CLIENT_LENGTH) ? String(value) : undefined;

/** What an ID token has, and no access token (OpenID Connect Core §2, §3.3.2.11). */
export const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash'] as const;
/** How Amazon Cognito and Keycloak mark ID tokens, which may have none of those. */
const ID_TOKEN_MARKS = [
  ['token_use', 'id'],
  ['typ', 'ID'],
] as const;
/** Of security events, such as logout tokens (RFC 8417 §2.2), and introspection answers (RFC 9701). */
export const MESSAGE_CLAIMS = ['events', 'token_introspection'] as const;

/**
 * Whether the claims are those of a JWT that was made for something else than to be sent to an API
 * (RFC 8725 §3.12).
 * @param mayBeIdToken whether an ID token is no such thing here.
 */
export function isOfOtherPurpose(claims: Claims, mayBeIdToken: boolean): boolean {
  const isMessage = MESSAGE_CLAIMS.some((name) => Object.hasOwn(claims, name));
  return isMessage || (!mayBeIdToken && idTokenClaim(claims) !== undefined);
}

/** The claim that shows an ID token; `undefined`: none does. */
export function idTokenClaim(claims: Claims): string | undefined {
  const name = ID_TOKEN_CLAIMS.find((each) => Object.hasOwn(claims, each));
  return name ?? ID_TOKEN_MARKS.find(([mark, value]) => claims[mark] === value)?.[0];
}

/** The audiences that `aud` names, one or several. */
export function audiencesOf(aud: Claims['aud']): readonly string[] {
  if (aud === undefined) return [];
  return typeof aud === 'string' ? [aud] : aud;
}

/** Whether a value can be the name of an issuer. */
export function isIssuerName(value: unknown): value is string {
  return isName(value, MAX_ISSUER_LENGTH);
}

/** Whether a value can be a subject. */
export function isSubject(value: unknown): value is Identifier {
  return isIdentifier(value, MAX_SUBJECT_LENGTH);
}

/** Whether a value can name a session. */
export function isSessionId(value: unknown): value is Identifier {
  return isIdentifier(value, MAX_SESSION_LENGTH);
}

/** An identifier as audit and store show it: an integer is the same as its decimal digits. */
export function textOf(id: Identifier | undefined): string | undefined {
  return id === undefined ? undefined : String(id);
}

/**
 * When the token was issued, in ms since the epoch, rounded down: a cutoff that rounds up covers it.
 * Without `iat` that was at the epoch: every cutoff covers it.
 */
export function issuedAtMs({ iat = 0 }: Claims): number {
  return Math.floor(iat * 1000);
}

/** When the token expires, rounded up to a whole second; no tolerance included. */
export function expiresAt(claims: Claims): Date {
  return new Date(Math.ceil(claims.exp) * 1000);
}

function isIdentifier(value: unknown, maxLength: number): value is Identifier {
  return isName(value, maxLength) || Number.isSafeInteger(value);
}

/** Controls (C0, DEL, C1) and marks that change the direction of text: they forge log lines. */
const CONTROLS = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** U+0000 is no text to a database either, and lone surrogates share a key. */
function isName(value: unknown, maxLength: number): value is string {
  return (
    typeof value === 'string' &&
    value.length >= 1 &&
    value.length <= maxLength &&
    value.isWellFormed() &&
    !CONTROLS.test(value)
  );
}

function isAudience(value: unknown): boolean {
  return (Array.isArray(value) ? value : [value]).every((aud) => typeof aud === 'string');
}
