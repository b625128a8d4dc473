import type { LogoutTokenCause, RefusedLogoutToken } from '../logout-token/logout-token';
import type { Explanation } from './explanation';

const REMEDIES: Readonly<Record<LogoutTokenCause, string>> = {
  form: 'What came as logout_token is no signed JWT in compact form, or longer than maxTokenBytes.',
  header:
    'The header of the logout token is no JSON object with alg, or has a parameter that is refused, ' +
    'such as crit or jwk.',
  algorithm:
    'The logout token is signed with an algorithm that algorithms of its issuer does not list. Add ' +
    'it there, with its key; or let the provider sign with one of those.',
  type:
    'The header typ of the logout token is another than logout+jwt. Where the provider writes none, ' +
    'or JWT, leave out backchannel.requireTyp.',
  key:
    'No key of its issuer has the kid and the algorithm of the logout token. Add the key to keys; ' +
    'where they are fetched, the provider has to publish it.',
  signature: 'No key of its issuer has signed the logout token. It is forged, or a key is missing.',
  purpose:
    'This is no logout token: it has no event of back-channel logout, or has a nonce. The provider ' +
    'must send a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4).',
  claims:
    'A logout token needs iss, aud, iat, jti, events, and sid or sub; sid, sub and jti are text ' +
    'without control characters, of at most 128, 255 and 128 characters; sub may be an integer.',
  lifetime: 'A logout token may live for 31 days at most, and should for two minutes.',
  issuer: 'No issuer of that name has the option backchannel. Set it where logouts shall be taken.',
  audience:
    'The logout token is meant for another client. Name ours, as it is registered at the provider, ' +
    'in backchannel.clientIds.',
  not_yet_valid:
    'The logout token is issued in the future. Set the clocks right, or set clockToleranceSeconds.',
  expired:
    'The logout token has expired. It came late, or clocks differ: set clockToleranceSeconds.',
  subject:
    'The logout token names no session, or backchannel.ends is "subject", and subjectClaim finds no ' +
    'subject in it: it cannot be told which access tokens are meant. Let the provider send sid, and ' +
    'leave out ends; or set subjectClaim to a claim that both kinds of tokens have.',
};

/** Why a logout token is refused, and what would change that. Says nothing of its text. */
export function explainLogoutToken({ cause, member, found }: RefusedLogoutToken): Explanation {
  const remedy = REMEDIES[cause];
  return member === undefined || found === undefined ? { remedy } : { member, found, remedy };
}
