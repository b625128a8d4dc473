import type { KeyObject } from 'node:crypto';
import { isKeyObject, isUint8Array } from 'node:util/types';
import { type Algorithm, isAlgorithm, SIGNATURE_ALGORITHMS } from './algorithms';
import { isJsonObject } from '../verification/json-object';
import { describeKey, type KeyMaterial, readPublicKeys, readSecret } from './key-material';
import { kindOf, misconfigured } from '../../options/misconfiguration';
import { isKid, MAX_KID_LENGTH } from '../verification/token-header';

/** A key with what tokens say of it. */
export interface DescribedKey {
  readonly key: KeyMaterial;
  /** The `kid` of its tokens (RFC 7515 §4.1.4): 1–255 characters, unique. */
  readonly kid?: string;
  /** The one algorithm it is for; needed only where several of `algorithms` would fit it. */
  readonly algorithm?: Algorithm;
}

/** See `TokenRules.keys`. */
export type KeyInput = KeyMaterial | DescribedKey;

/** Without a `kid` each is tried, and a forged token costs a verification for each. */
export const MAX_KEYS_PER_ALGORITHM = 4;

/** One key for one algorithm, checked. */
export interface ConfiguredKey {
  /** How messages call it, such as `keys[1]`. */
  readonly option: string;
  readonly key: KeyObject;
  readonly kid?: string;
  readonly algorithm: Algorithm;
}

const DESCRIBED_KEY_MEMBERS: readonly string[] = ['key', 'kid', 'algorithm'];

/**
 * The keys of the option `keys`, each with its one algorithm.
 * @param algorithms distinct and of one family.
 * @throws {TypeError} a key is unreadable, weak, for none or for several of the algorithms, there
 * twice, or private where a public one is expected; or an algorithm has no key or too many.
 */
export function readKeys(
  value: unknown,
  algorithms: readonly Algorithm[],
): readonly ConfiguredKey[] {
  const inputs: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (inputs.length === 0) throw misconfigured('keys', 'at least one key', kindOf(value));
  const keys = inputs.flatMap((input, index) =>
    readInput(Array.isArray(value) ? `keys[${index}]` : 'keys', input, algorithms),
  );
  refuseRepetition(keys);
  refuseWrongCounts(keys, algorithms);
  return keys;
}

function readInput(
  option: string,
  input: unknown,
  algorithms: readonly Algorithm[],
): readonly ConfiguredKey[] {
  const { key: material, kid, algorithm } = parseInput(option, input, algorithms);
  const possible = algorithm === undefined ? algorithms : [algorithm];
  const isSymmetric = algorithms.some((name) => SIGNATURE_ALGORITHMS[name].family === 'symmetric');
  const keys = isSymmetric ? [readSecret(option, material)] : readPublicKeys(option, material);
  if (kid !== undefined && keys.length > 1) {
    const advice = 'Give each public key an entry of its own.';
    throw misconfigured(option, 'one key, because it has a kid', `${keys.length} keys`, advice);
  }
  return keys.map((key, index) => {
    const name = keys.length === 1 ? option : `${option}, PEM block ${index + 1}`;
    return { option: name, key, kid, algorithm: findAlgorithm(name, key, possible) };
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
  const advice =
    rules.family === 'symmetric'
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
      if (algorithm !== earlier.algorithm && key.equals(earlier.key)) {
        const got = `the key of ${earlier.option}, which is for ${earlier.algorithm}`;
        throw misconfigured(option, `a key of its own for ${algorithm}`, got);
      }
    }
  });
}

function refuseWrongCounts(keys: readonly ConfiguredKey[], algorithms: readonly Algorithm[]): void {
  for (const algorithm of algorithms) {
    const count = keys.filter((key) => key.algorithm === algorithm).length;
    if (count >= 1 && count <= MAX_KEYS_PER_ALGORITHM) continue;
    const mustBe = `1–${MAX_KEYS_PER_ALGORITHM} keys for ${algorithm}`;
    const advice = count === 0 ? `Add its key, or take ${algorithm} out of algorithms.` : undefined;
    throw misconfigured('keys', mustBe, String(count), advice);
  }
}
