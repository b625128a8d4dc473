import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Algorithm, algorithmOf, SIGNATURE_ALGORITHMS } from '../keys/algorithms';
import { MAX_CANDIDATES } from '../keys/keys';
import { isJsonObject, type JsonObject } from '../verification/json-object';
import { isKid } from '../verification/token-header';

/** More than any issuer publishes: each is prepared, and kept. */
const MAX_KEYS = 20;

/** Of `e` in base64url: 8 bytes. */
const MAX_EXPONENT_LENGTH = 11;

/** Members of private and symmetric keys (RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/** A key that an issuer publishes for the signatures of its tokens. */
export interface PublishedKey {
  readonly key: KeyObject;
  readonly kid?: string;
  readonly algorithm: Algorithm;
}

/**
 * The keys of a JWK Set (RFC 7517 §5) that verify signatures of these algorithms. Those that are for
 * something else, are too weak, or fit several of the algorithms without naming theirs in `alg`, are
 * left out, as §5 asks.
 * @param text of the document.
 * @throws {Error} it is no JWK Set; holds more than 20 keys, private or secret ones, or one `kid`
 * twice; or a token without `kid` would have to be tried with more than four keys. The message shows
 * nothing of it.
 */
export function readJwkSet(
  text: string,
  algorithms: readonly Algorithm[],
): readonly PublishedKey[] {
  const members = membersOf(text);
  if (members.some((member) => PRIVATE_MEMBERS.some((name) => Object.hasOwn(member, name))))
    throw new Error('It holds a private or a secret key, which must be taken for known to others.');
  refuseRepeatedKids(members);
  const keys = members.flatMap((member) => publishedKey(member, algorithms) ?? []);
  refuseCrowds(keys);
  return keys;
}

function membersOf(text: string): readonly JsonObject[] {
  const set = parsed(text);
  const members: unknown = isJsonObject(set) ? set.keys : undefined;
  if (!Array.isArray(members)) throw new Error('It is no JWK Set: an object with the list "keys".');
  if (members.length > MAX_KEYS)
    throw new Error(
      `It holds ${members.length} keys, and ${MAX_KEYS} are the most: let the issuer withdraw old ones.`,
    );
  return members.filter(isJsonObject);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the message would quote it
  }
}

function refuseRepeatedKids(members: readonly JsonObject[]): void {
  const kids = members.map(({ kid }) => kid).filter((kid) => kid !== undefined);
  if (new Set(kids).size < kids.length) throw new Error('Two of its keys have the same kid.');
}

/** @returns `undefined`: it verifies no signature of these algorithms. */
function publishedKey(
  member: JsonObject,
  algorithms: readonly Algorithm[],
): PublishedKey | undefined {
  const { kid, use, key_ops: operations, alg } = member;
  if (kid !== undefined && !isKid(kid)) return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !isListWith(operations, 'verify')) return undefined;
  const key = publicKeyOf(member);
  if (key === undefined) return undefined;
  const [algorithm, ...others] = algorithms.filter((name) => {
    const rules = SIGNATURE_ALGORITHMS[name];
    return (
      (alg === undefined || algorithmOf(alg) === name) && rules.fits(key) && rules.isStrong(key)
    );
  });
  if (algorithm === undefined || others.length > 0) return undefined;
  return kid === undefined ? { key, algorithm } : { key, kid, algorithm };
}

function isListWith(value: unknown, member: string): boolean {
  return Array.isArray(value) && value.includes(member);
}

function publicKeyOf(jwk: JsonObject): KeyObject | undefined {
  // The work of a check grows with the exponent; usual is 65537.
  if (typeof jwk.e === 'string' && jwk.e.length > MAX_EXPONENT_LENGTH) return undefined;
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch {
    return undefined; // of a type that is not known here, or malformed
  }
}

function refuseCrowds(keys: readonly PublishedKey[]): void {
  for (const { algorithm } of keys) {
    const nameless = keys.filter((key) => key.algorithm === algorithm && key.kid === undefined);
    if (nameless.length > MAX_CANDIDATES)
      throw new Error(
        `It holds ${nameless.length} keys for ${algorithm} without a kid, and ${MAX_CANDIDATES} are the most.`,
      );
  }
}
