import type { KeyObject } from 'node:crypto';
import { isKeyObject, isUint8Array } from 'node:util/types';
import { type Algorithm, isAlgorithm, isSymmetric, SIGNATURE_ALGORITHMS } from './algorithms';
import { isJsonObject } from '../verification/json-object';
import {
  describeKey,
  endsInLineBreak,
  isSameKey,
  type KeyMaterial,
  readPublicKeys,
  readSecret,
} from './key-material';
import { kindOf, misconfigured } from '../../options/misconfiguration';
import { isKid, MAX_KID_LENGTH } from '../verification/token-header';

/** A key with what tokens say of it. */
export interface DescribedKey {
  readonly key: KeyMaterial;
  /** The `kid` of its tokens (RFC 7515 §4.1.4): 1–255 characters, unique. */
  readonly kid?: string;
  /**
   * The one algorithm it is for; needed where several of `algorithms` would fit it, and where these
   * are of both families.
   */
  readonly algorithm?: Algorithm;
}

/** See `TokenRules.keys`. */
export type KeyInput = KeyMaterial | DescribedKey;

/** Keys between which a header does not decide: a forged token costs a verification for each. */
export const MAX_CANDIDATES = 4;

/** One key for one algorithm, checked. */
export interface ConfiguredKey {
  /** How messages call it, such as `keys[1]`. */
  readonly option: string;
  readonly key: KeyObject;
  readonly kid?: string;
  readonly algorithm: Algorithm;
  /** Whether it was a text whose last line break was cut. */
  readonly isCut: boolean;
}

const DESCRIBED_KEY_MEMBERS: readonly string[] = ['key', 'kid', 'algorithm'];

/**
 * The keys of an issuer, each with its one algorithm.
 * @param option how messages call them, such as `keys`.
 * @param algorithms distinct.
 * @throws {TypeError} a key is unreadable, weak, for none or for several of the algorithms, there
 * twice, or private where a public one is expected; an algorithm has no key, or a token would have
 * to be tried with more than four keys.
 */
export function readKeys(
  option: string,
  value: unknown,
  algorithms: readonly Algorithm[],
): readonly ConfiguredKey[] {
  const inputs: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (inputs.length === 0) throw misconfigured(option, 'at least one key', kindOf(value));
  const keys = inputs.flatMap((input, index) =>
    readInput(Array.isArray(value) ? `${option}[${index}]` : option, input, algorithms),
  );
  refuseRepetition(keys);
  refuseCrowds(keys);
  refuseMissing(option, keys, algorithms);
  return keys;
}

/** A token would have to be tried with more than four keys. */
function refuseCrowds(keys: readonly ConfiguredKey[]): void {
  const counts = new Map<Algorithm, number>();
  for (const { option, algorithm, kid } of keys) {
    if (kid !== undefined) continue;
    const count = (counts.get(algorithm) ?? 0) + 1;
    counts.set(algorithm, count);
    if (count <= MAX_CANDIDATES) continue;
    const mustBe = `one of at most ${MAX_CANDIDATES} keys without a kid for ${algorithm}`;
    const advice = 'Give each as { key, kid }: each is tried otherwise.';
    throw misconfigured(option, mustBe, 'one more', advice);
  }
}

function readInput(
  option: string,
  input: unknown,
  algorithms: readonly Algorithm[],
): readonly ConfiguredKey[] {
  const { key: material, kid, algorithm } = parseInput(option, input, algorithms);
  const possible = algorithm === undefined ? algorithms : [algorithm];
  const [family, otherFamily] = new Set(possible.map((name) => SIGNATURE_ALGORITHMS[name].family));
  if (otherFamily !== undefined) {
    const advice = 'A public key could be used as a secret otherwise (RFC 8725 §2.1).';
    const mustBe = '{ key, algorithm }, because algorithms has HS* and public-key ones';
    throw misconfigured(option, mustBe, 'a key that names no algorithm', advice);
  }
  const isSecret = family === 'symmetric';
  const keys = isSecret ? [readSecret(option, material)] : readPublicKeys(option, material);
  if (kid !== undefined && keys.length > 1) {
    const advice = 'Give each public key an entry of its own.';
    throw misconfigured(option, 'one key, because it has a kid', `${keys.length} keys`, advice);
  }
  const isCut = isSecret && endsInLineBreak(material);
  return keys.map((key, index) => {
    const name = keys.length === 1 ? option : `${option}, PEM block ${index + 1}`;
    return { option: name, key, kid, algorithm: findAlgorithm(name, key, possible), isCut };
  });
}

function parseInput(
  option: string,
  input: unknown,
  algorithms: readonly Algorithm[],
): { key: unknown; kid?: string; algorithm?: Algorithm } {
  if (isKeyObject(input) || isUint8Array(input) || !isJsonObject(input)) return { key: input };
  if (Object.keys(input).some((member) => !DESCRIBED_KEY_MEMBERS.includes(member))) {
    const advice = "A JWK becomes a key by createPublicKey({ key: jwk, format: 'jwk' }).";
    throw misconfigured(option, '{ key, kid?, algorithm? }', 'other members', advice);
  }
  const { key, kid, algorithm } = input;
  if (kid !== undefined && !isKid(kid)) {
    throw misconfigured(`${option}.kid`, `a string of 1–${MAX_KID_LENGTH} characters`, kindOf(kid));
  }
  if (algorithm !== undefined && !(isAlgorithm(algorithm) && algorithms.includes(algorithm))) {
    const got = isAlgorithm(algorithm) ? algorithm : kindOf(algorithm);
    throw misconfigured(`${option}.algorithm`, `one of algorithms (${algorithms.join(', ')})`, got);
  }
  return { key, kid, algorithm };
}

function findAlgorithm(option: string, key: KeyObject, possible: readonly Algorithm[]): Algorithm {
  const [algorithm, ...others] = possible.filter((name) => SIGNATURE_ALGORITHMS[name].fits(key));
  if (algorithm === undefined) {
    const needs = possible.map((name) => `${SIGNATURE_ALGORITHMS[name].needs} (${name})`);
    throw misconfigured(option, needs.join(' or '), describeKey(key));
  }
  if (others.length > 0) {
    const advice = `Give it as { key, algorithm: '${algorithm}' }, with another key for each other.`;
    throw misconfigured(
      option,
      'for one algorithm',
      `a key for ${[algorithm, ...others].join(', ')}`,
      advice,
    );
  }
  checkStrength(option, key, algorithm);
  return algorithm;
}

function checkStrength(option: string, key: KeyObject, algorithm: Algorithm): void {
  const rules = SIGNATURE_ALGORITHMS[algorithm];
  if (rules.isStrong(key)) return;
  const advice = isSymmetric(algorithm)
    ? 'Make one with `openssl rand -hex 64`.'
    : 'Make a new key pair at the issuer.';
  throw misconfigured(option, `${rules.needs} (${algorithm})`, describeKey(key), advice);
}

function refuseRepetition(keys: readonly ConfiguredKey[]): void {
  keys.forEach(({ option, key, kid, algorithm }, index) => {
    for (const earlier of keys.slice(0, index)) {
      if (kid !== undefined && kid === earlier.kid) {
        throw misconfigured(`${option}.kid`, 'unique', `the kid of ${earlier.option}`);
      }
      if (algorithm !== earlier.algorithm && isSameKey(key, earlier.key)) {
        const got = `the key of ${earlier.option}, which is for ${earlier.algorithm}`;
        throw misconfigured(option, `a key of its own for ${algorithm}`, got);
      }
    }
  });
}

function refuseMissing(
  option: string,
  keys: readonly ConfiguredKey[],
  algorithms: readonly Algorithm[],
): void {
  const missing = algorithms.find((name) => !keys.some(({ algorithm }) => algorithm === name));
  if (missing === undefined) return;
  const advice = `Add its key, or take ${missing} out of algorithms.`;
  throw misconfigured(option, `at least one key for ${missing}`, 'none', advice);
}
