import {
  CLIENT_CLAIMS,
  faultyClaim,
  idTokenClaim,
  isSubject,
  MESSAGE_CLAIMS,
  type Claims,
} from '../verification/claims';
import { sessionIdIn } from '../verification/session-claim';
import { faultyInstant } from '../verification/instants';
import type { Issuer } from '../verification/issuers';
import { isMarkedAsRefresh, type ResolvedRefreshTokens } from '../verification/refresh-token-rules';
import type { JsonObject } from '../verification/json-object';
import { isInMilliseconds, kindOfMember, type Explanation } from './explanation';

const SECONDS = 'Write seconds, not milliseconds: Math.floor(Date.now() / 1000).';

/** Of `exp`, `iat` and `nbf`. */
const TIME = 'It must be a number of seconds since 1970 (NumericDate, RFC 7519 §2).';

const FORMS: Readonly<Record<string, string>> = {
  iss: 'It must be text of 1–255 characters without control characters.',
  aud: 'It must be text, or a list of texts.',
  iat: TIME,
  nbf: TIME,
};
const IDENTIFIER =
  'It must be text without control characters (at most 255, jti and sid 128), or a safe integer.';

/** Where hosts without a `sub` have the user, most usual first. */
const USUAL_SUBJECTS = [
  ...['id', 'userId', 'user_id', 'uid', '_id', 'oid', 'email'],
  ...['preferred_username', 'username', 'client_id'],
] as const;

/** Of a payload that is no set of claims, or has no subject where one is needed. */
export function explainClaims(payload: JsonObject | undefined, issuer: Issuer): Explanation {
  if (payload === undefined) return { remedy: 'The payload must be a JSON object.' };
  const member = faultyClaim(payload);
  if (member === undefined) return explainSubject(payload, issuer);
  const found = kindOfMember(payload[member]);
  if (member === 'exp') return { member, found, remedy: explainExpiry(payload, issuer) };
  return { member, found, remedy: FORMS[member] ?? IDENTIFIER };
}

/** Of registered claims of the right form. */
export function explainLacking(claims: Claims, issuer: Issuer): Explanation {
  const { cutoffClaim, sessionClaim } = issuer;
  if (sessionIdIn(claims, sessionClaim) === null) return explainSession(claims, sessionClaim);
  const member = cutoffClaim === 'opened_ms' ? faultyInstant(claims) : undefined;
  if (member === undefined) return explainSubject(claims, issuer);
  const remedy =
    'Tokens of our own sessions have it, in milliseconds. Get tokens by opening a session.';
  return { member, found: kindOfMember(claims[member]), remedy };
}

const explainSession = (claims: Claims, member: string): Explanation => ({
  member,
  found: kindOfMember(claims[member]),
  option: 'sessionClaim',
  remedy:
    'The session must be text of 1–128 characters without control characters, or a safe integer. ' +
    'Let the issuer write that, or name another claim in sessionClaim.',
});

function explainExpiry({ exp }: JsonObject, issuer: Issuer): string {
  if (exp === undefined)
    return (
      `${isSignedHere(issuer) ? "Sign with { expiresIn: '1h' }" : 'Let its issuer write exp'}. A token ` +
      'without exp is valid for ever: its revocation could never be purged.'
    );
  return typeof exp === 'number' && Number.isFinite(exp) ? 'It must be later than iat.' : TIME;
}

function explainSubject(payload: JsonObject, issuer: Issuer): Explanation {
  const claim = USUAL_SUBJECTS.find((name) => isSubject(payload[name]));
  const option = 'subjectClaim';
  const base = { member: 'sub', found: kindOfMember(payload.sub), option };
  if (!isSignedHere(issuer)) return { ...base, remedy: NO_USER };
  if (claim === undefined)
    return {
      ...base,
      remedy:
        'Set subjectClaim to the claim that names the user, to a function, or to null where tokens ' +
        'need no subject; or sign with { subject: String(user.id) }.',
    };
  return {
    ...base,
    remedy: `Set subjectClaim: '${claim}', or sign with { subject: String(user.id) }.`,
  };
}

/**
 * Whether the application signs the tokens, as far as can be told: those of a provider come with
 * keys that it publishes. What another signs is not always an access token.
 */
function isSignedHere({ keys }: Issuer): boolean {
  return keys.areFixed;
}

const NO_USER =
  'Refresh tokens and tokens of machines may name no user: send the access token of a user. Where ' +
  'the access tokens of this issuer name the user in another claim, set subjectClaim to that; or to ' +
  'null, where they need no user.';

export function explainPurpose(claims: Claims, { refreshTokens }: Issuer): Explanation {
  const message = MESSAGE_CLAIMS.find((name) => Object.hasOwn(claims, name));
  if (message !== undefined)
    return {
      member: message,
      found: kindOfMember(claims[message]),
      remedy: 'This is a logout token or an answer of introspection. Send the access token.',
    };
  const member = idTokenClaim(claims);
  if (member === undefined && refreshTokens !== undefined)
    return explainRefresh(claims, refreshTokens);
  // The preset leaves ID tokens out by `clientIds`, too: `idTokens` alone would not accept them.
  const preset = member === 'token_use' ? ' (with the preset cognito: tokenUse: "id")' : '';
  return {
    member,
    found: 'there',
    option: 'idTokens',
    remedy:
      `This is an ID token. Send the access token, or set idTokens: "accept"${preset} where the ` +
      'users of this issuer send ID tokens to APIs.',
  };
}

function explainRefresh(claims: Claims, rules: ResolvedRefreshTokens): Explanation {
  const { claim } = rules;
  const option = 'refreshTokens';
  if (isMarkedAsRefresh(claims, rules)) {
    const member = claim !== undefined && Object.hasOwn(claims, claim.name) ? claim.name : 'aud';
    const remedy = 'This is a refresh token, which is no bearer. Send the access token.';
    return { member, found: kindOfMember(claims[member]), option, remedy };
  }
  const remedy = 'Refresh tokens have another value here. Send the refresh token.';
  return { member: claim?.name, found: kindOfMember(claims[claim?.name ?? 'aud']), option, remedy };
}

export function explainLifetime({ exp, iat }: Claims, issuer: Issuer, now: number): Explanation {
  if (isInMilliseconds(exp)) return { member: 'exp', found: 'in milliseconds', remedy: SECONDS };
  const seconds = Math.ceil(exp - (iat ?? now));
  const { maxLifetimeSeconds } = issuer;
  return {
    member: 'exp',
    found: `${seconds} s after ${iat === undefined ? 'now' : 'iat'}`,
    option: 'maxLifetimeSeconds',
    remedy:
      `At most ${maxLifetimeSeconds} s are accepted: ` +
      (isSignedHere(issuer)
        ? 'raise maxLifetimeSeconds, or sign with a shorter expiresIn.'
        : 'send the access token, if it is a refresh token. Raise maxLifetimeSeconds only where the ' +
          'access tokens of this issuer live as long.'),
  };
}

const FOREIGN_ISSUER =
  'If its tokens are meant for this application, name it in the option issuer. Nothing else in the ' +
  'token was looked at: it may be forged.';

export function explainIssuer({ iss }: Claims): Explanation {
  const base = { member: 'iss', option: 'issuer' };
  if (iss === undefined)
    return {
      ...base,
      found: 'absent',
      remedy: 'Sign with { issuer }, or set issuer: null to leave it unchecked.',
    };
  return { ...base, found: JSON.stringify(iss), remedy: FOREIGN_ISSUER };
}

export function explainAudience(claims: Claims, issuer: Issuer): Explanation {
  const isAbsent = claims.aud === undefined;
  return {
    member: 'aud',
    found: isAbsent ? 'absent' : 'another audience',
    option: 'audience',
    remedy: isAbsent ? remedyWithoutAudience(claims, issuer) : ANOTHER_AUDIENCE,
  };
}

const ANOTHER_AUDIENCE =
  'Name its audience in the option audience, if it is an access token for this application. An ID ' +
  'token names a client there: send the access token.';

function remedyWithoutAudience(claims: Claims, issuer: Issuer): string {
  if (isSignedHere(issuer))
    return 'Sign with { audience }, or set audience: null to leave it unchecked.';
  if (claims.token_use === 'access')
    return (
      'Access tokens of Amazon Cognito have none: the preset cognito takes them, or audience: null ' +
      'with clientIds. With its tokenUse: "id", send the ID token.'
    );
  return (
    'Let its issuer write this API into aud; or set audience: null and, in clientIds, the clients ' +
    'whose tokens are accepted. Without clientIds every token that the issuer signs would be.'
  );
}

export function explainClient(claims: Claims): Explanation {
  const member = CLIENT_CLAIMS.find((name) => Object.hasOwn(claims, name));
  const option = 'clientIds';
  if (member === undefined)
    return {
      member: 'client_id',
      found: 'absent',
      option,
      remedy:
        'It says not which client it was issued to, as ID tokens do not. Send the access token; or ' +
        'leave clientIds out, and name the audience of your tokens.',
    };
  return {
    member,
    found: 'another client',
    option,
    remedy:
      'List its client in clientIds, if tokens of that client are meant for this application.',
  };
}

export function explainStart({ iat = 0, nbf = 0 }: Claims, now: number): Explanation {
  const member = iat >= nbf ? 'iat' : 'nbf';
  const start = Math.max(iat, nbf);
  if (isInMilliseconds(start)) return { member, found: 'in milliseconds', remedy: SECONDS };
  return {
    member,
    found: `${Math.ceil(start - now)} s ahead`,
    option: 'clockToleranceSeconds',
    remedy: 'Where the clocks of issuer and verifier differ, set clockToleranceSeconds.',
  };
}
