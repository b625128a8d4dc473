import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { isKeyObject, isUint8Array } from 'node:util/types';
import { misconfigured } from '../../options/misconfiguration';
import { isJsonObject } from '../verification/json-object';
import { type Algorithm, isAlgorithm, type Sign, SIGNATURE_ALGORITHMS } from './algorithms';
import { describeKey, isSameKey, pemText } from './key-material';
import { type ConfiguredKey, readKeys } from './keys';
import { kidOf, type PublicJwk, publicJwksOf } from './public-jwk';

/** What signs the tokens of one issuer. */
export interface Signer {
  readonly algorithm: Algorithm;
  /** Written to the header; `undefined`: the key is a secret without one. */
  readonly kid: string | undefined;
  readonly sign: Sign;
}

/** The first key signs; all of them verify. */
export interface SigningKeys {
  readonly signer: Signer;
  /**
   * The halves that verify. One without a `kid` is called by its thumbprint in tokens, and stays
   * without one here: it also verifies tokens that were signed before it had that name.
   */
  readonly keys: readonly ConfiguredKey[];
  /** The public ones of them, for other verifiers; none where all are secrets. */
  readonly published: readonly PublicJwk[];
}

interface Half {
  /** What signs: the secret, or the private half. */
  readonly signing: KeyObject | undefined;
  /** As `keys` takes it: the secret, or the public half. */
  readonly verifying: { readonly key: unknown; readonly kid: unknown; readonly algorithm: unknown };
}

/**
 * Keys that sign: secrets of HS256, HS384 or HS512, and private keys in PEM or as a KeyObject. The
 * algorithm is the usual one of the key where it names none: HS256, RS256, that of its curve, EdDSA.
 * @throws {TypeError} as `readKeys`; the first is no key that can sign; or the `kid` of one is the
 * thumbprint of another without a `kid`.
 */
export function readSigningKeys(option: string, value: unknown): SigningKeys {
  const inputs: readonly unknown[] = Array.isArray(value) ? value : [value];
  const halves = inputs.map((input, at) => halvesOf(`${option}[${at}]`, input));
  const algorithms = halves.map(({ verifying: { algorithm } }) => algorithm).filter(isAlgorithm);
  const keys = readKeys(
    option,
    halves.map(({ verifying }) => verifying),
    [...new Set(algorithms)],
  );
  const [first] = keys;
  if (first === undefined) throw misconfigured(option, 'at least one key', 'none');
  refuseTakenNames(keys);
  const { algorithm } = first;
  // A secret signs as it was read, without the line break that a file ends in.
  const signing = first.key.type === 'secret' ? first.key : halves[0]?.signing;
  if (signing === undefined)
    throw misconfigured(`${option}[0]`, 'a private key or a secret', describeKey(first.key));
  return {
    signer: {
      algorithm,
      kid: kidOf(first),
      sign: SIGNATURE_ALGORITHMS[algorithm].signerOf(signing),
    },
    keys,
    published: publicJwksOf(keys),
  };
}

/** Tokens that name the thumbprint of a key would be checked with the key that has it as its `kid`. */
function refuseTakenNames(keys: readonly ConfiguredKey[]): void {
  for (const nameless of keys.filter(({ kid }) => kid === undefined)) {
    const name = kidOf(nameless);
    const other = keys.find(({ kid, key }) => kid === name && !isSameKey(key, nameless.key));
    if (name !== undefined && other !== undefined)
      throw misconfigured(`${other.option}.kid`, 'of this key alone', `that of ${nameless.option}`);
  }
}

function halvesOf(option: string, input: unknown): Half {
  const isDescribed = isJsonObject(input) && !isKeyObject(input) && !isUint8Array(input);
  const described: Readonly<Record<string, unknown>> = isDescribed ? input : { key: input };
  const pair = pairIn(option, described.key);
  const { signing, key = described.key } = pair;
  const algorithm = described.algorithm ?? usualAlgorithm(isKeyObject(key) ? key : undefined);
  return { signing, verifying: { ...described, key, kid: described.kid, algorithm } };
}

/** Nothing for a secret, which is no key pair. */
function pairIn(
  option: string,
  material: unknown,
): { readonly signing?: KeyObject; readonly key?: KeyObject } {
  const key = isKeyObject(material) ? material : readPem(option, material);
  if (key?.type !== 'private') return { key };
  return { signing: key, key: createPublicKey(key) };
}

function readPem(option: string, material: unknown): KeyObject | undefined {
  if (typeof material !== 'string' && !isUint8Array(material)) return undefined;
  const text = pemText(Buffer.from(material));
  if (!text.includes('-----BEGIN')) return undefined;
  try {
    return text.includes('PRIVATE KEY-----') ? createPrivateKey(text) : createPublicKey(text);
  } catch {
    throw misconfigured(option, 'a key in PEM', 'PEM that holds no readable key');
  }
}

const OF_CURVES: ReadonlyMap<string | undefined, Algorithm> = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
  ['secp521r1', 'ES512'],
]);

function usualAlgorithm(key: KeyObject | undefined): Algorithm {
  switch (key?.asymmetricKeyType) {
    case undefined:
      return 'HS256';
    case 'ec':
      return OF_CURVES.get(key.asymmetricKeyDetails?.namedCurve) ?? 'ES256';
    case 'ed25519':
      return 'EdDSA';
    default:
      return 'RS256';
  }
}
