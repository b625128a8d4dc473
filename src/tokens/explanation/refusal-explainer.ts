import { algorithmOf, isSymmetric } from '../keys/algorithms';
import { isClaims, isOfOtherPurpose, type Claims } from '../verification/claims';
import { parseJsonObject, type JsonObject } from '../verification/json-object';
import type { Issuer } from '../verification/issuers';
import type { ResolvedTokenRules } from '../verification/resolved-rules';
import { REFUSED_PARAMETERS } from '../verification/token-header';
import type { RefusalCause } from '../verification/refusal-cause';
import {
  explainAudience,
  explainClaims,
  explainClient,
  explainIssuer,
  explainLacking,
  explainLifetime,
  explainPurpose,
  explainStart,
} from './claim-explanations';
import { kindOfMember, type Explanation } from './explanation';

const ONE_TOKEN =
  'Send one token, as text: "Authorization: Bearer <token>", once and with nothing behind it.';

const OPAQUE =
  ' If it is an opaque token, let its issuer write JWTs for this API, whose audience or resource ' +
  'the page names when it logs in.';

const UNSIGNED =
  'Its third part is empty: it is not signed, as the tokens of some emulators are. Send a signed one.';

/** Explains refusals. That costs more than a refusal: for bounded logs, and for people. */
export class RefusalExplainer {
  constructor(private readonly rules: ResolvedTokenRules) {}

  /**
   * Never throws.
   * @param cause what the verifier says of this text.
   */
  explain(text: unknown, cause: RefusalCause, nowSeconds: number): Explanation {
    if (typeof text !== 'string' || cause === 'form') return this.explainForm(text);
    const [header, payload] = text.split('.').map(parseJsonObject);
    const claims = payload !== undefined && isClaims(payload) ? payload : undefined;
    const issuer = this.rules.issuers.of(claims?.iss);
    if (cause === 'type' && claims !== undefined && isOfOtherPurpose(claims, false))
      return explainPurpose(claims, issuer);
    return (
      explainHeader(header, cause, issuer.keys.areFixed) ??
      (claims === undefined
        ? explainClaims(payload, issuer)
        : explainVerified(claims, cause, issuer, nowSeconds))
    );
  }

  private explainForm(text: unknown): Explanation {
    if (typeof text !== 'string') return { remedy: ONE_TOKEN };
    const { maxTokenBytes } = this.rules;
    if (text.length > maxTokenBytes)
      return {
        option: 'maxTokenBytes',
        remedy: `It has ${text.length} bytes, and maxTokenBytes is ${maxTokenBytes}: raise it.`,
      };
    const parts = text.split('.');
    const count = parts.length;
    if (count === 5)
      return { remedy: 'It is encrypted (JWE). Only signed tokens can be verified.' };
    if (count !== 3)
      return {
        remedy:
          `A token has three parts with dots between them, not ${count}.` +
          (count === 1 ? OPAQUE : ''),
      };
    if (parts[2] === '') return { remedy: UNSIGNED };
    return { remedy: 'Each part must be base64url without padding and blanks (RFC 7515 §2).' };
  }
}

/** Of claims of the right form, in a token that a key of the issuer may have signed. */
function explainVerified(
  claims: Claims,
  cause: RefusalCause,
  issuer: Issuer,
  nowSeconds: number,
): Explanation {
  switch (cause) {
    case 'purpose':
      return explainPurpose(claims, issuer);
    case 'lifetime':
      return explainLifetime(claims, issuer, nowSeconds);
    case 'issuer':
      return explainIssuer(claims);
    case 'audience':
      return explainAudience(claims, issuer);
    case 'client':
      return explainClient(claims);
    case 'not_yet_valid':
      return explainStart(claims, nowSeconds);
    default:
      return explainLacking(claims, issuer);
  }
}

/** @returns `undefined`: it is not the header. */
function explainHeader(
  header: JsonObject | undefined,
  cause: RefusalCause,
  areKeysFixed: boolean,
): Explanation | undefined {
  if (header === undefined) return { remedy: 'The header must be a JSON object.' };
  const { alg, typ, kid } = header;
  switch (cause) {
    case 'header':
      return explainParameter(header);
    case 'algorithm':
      return explainAlgorithm(alg, areKeysFixed);
    case 'type':
      return {
        member: 'typ',
        found: kindOfMember(typ),
        option: 'types',
        remedy: 'List it in types, if such tokens are access tokens.',
      };
    case 'key':
      return {
        member: 'kid',
        found: kindOfMember(kid),
        option: areKeysFixed ? 'keys' : 'jwksUri',
        remedy: areKeysFixed
          ? 'No key has this kid and algorithm: add the key, as { key, kid }, to keys.'
          : 'Its issuer publishes no key for this kid and algorithm: the token is older than the last ' +
            'change of keys, of another issuer, or forged. Get a new token. Or the key was left out, ' +
            'for its use, key_ops, alg or strength.',
      };
    case 'signature':
      return areKeysFixed
        ? {
            option: 'keys',
            remedy:
              'None of the keys of its issuer has signed it. Compare the secret, or the public key, ' +
              "with that of the code that signs; a secret in base64 is Buffer.from(secret, 'base64').",
          }
        : {
            option: 'jwksUri',
            remedy: 'None of the keys that its issuer publishes has signed it. Get a new token.',
          };
    default:
      return undefined;
  }
}

function explainAlgorithm(alg: unknown, areKeysFixed: boolean): Explanation {
  const [member, option] = ['alg', 'algorithms'];
  const found = algorithmOf(alg);
  if (found === undefined) {
    const name = alg === 'none' ? alg : 'another name';
    return { member, found: name, option, remedy: 'Sign with one that algorithms lists.' };
  }
  if (areKeysFixed) {
    const remedy =
      'Add it to algorithms, and its key to keys; or sign with one that is listed there.';
    return { member, found, option, remedy };
  }
  // No option would accept it: a secret is not published.
  if (isSymmetric(found)) {
    const remedy =
      'Only its issuer can verify it. Refresh tokens are like that: send the access token.';
    return { member, found, remedy };
  }
  return {
    member,
    found,
    option,
    remedy: 'Add it to algorithms, if its issuer signs with it.',
  };
}

function explainParameter(header: JsonObject): Explanation {
  const refused = REFUSED_PARAMETERS.find((name) => Object.hasOwn(header, name));
  if (refused !== undefined)
    return {
      member: refused,
      found: 'there',
      remedy: 'It changes what is signed, or carries a key (RFC 8725 §3.10). Sign without it.',
    };
  const [member, value] =
    (['alg', 'typ', 'kid'] as const)
      .map((name) => [name, header[name]] as const)
      .find(
        ([name, value]) => typeof value !== 'string' && (name === 'alg' || value !== undefined),
      ) ?? (['kid', header.kid] as const);
  return { member, found: kindOfMember(value), remedy: 'It must be text of 1–255 characters.' };
}
