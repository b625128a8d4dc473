import { kindOf, misconfigured } from '../../options/misconfiguration';
import { custom } from '../../options/option';
import { isSessionId, type Claims, type Identifier } from './claims';

/** The registered claims (RFC 7519 §4.1): other in each token, or the same in several sessions. */
const REGISTERED: readonly unknown[] = ['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti'];

const MAX_NAME_LENGTH = 255;
const MUST_BE = `the name of a claim (1–${MAX_NAME_LENGTH} characters) that names the session`;

/** In which claim the session of a token stands; see `IssuerRules.sessionClaim`. */
export const sessionClaim = custom<string>(
  { mustBe: MUST_BE, read: readSessionClaim },
  {
    default: 'sid',
    says:
      'The claim that names the session of a token, if it is there: text of 1–128 characters, or a ' +
      'safe integer. In another form it refuses the token.',
  },
);

/**
 * The session that a token names in the claim. `undefined`: it names none; `null`: the claim is
 * there, and is neither text of 1–128 characters nor a safe integer.
 */
export function sessionIdIn(claims: Claims, claim: string): Identifier | undefined | null {
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  return value === undefined || isSessionId(value) ? value : null;
}

function readSessionClaim(value: unknown, option: string): string {
  if (REGISTERED.includes(value))
    throw misconfigured(
      option,
      MUST_BE,
      String(value),
      'It is another in each token, or the same in tokens of several sessions. Leave sessionClaim ' +
        'out where your tokens name no session.',
    );
  if (typeof value === 'string' && value.length >= 1 && value.length <= MAX_NAME_LENGTH)
    return value;
  throw misconfigured(option, MUST_BE, kindOf(value));
}
