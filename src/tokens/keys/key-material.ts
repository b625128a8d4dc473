import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { isKeyObject, isUint8Array } from 'node:util/types';
import { isJsonObject } from '../verification/json-object';
import { kindOf, misconfigured } from '../../options/misconfiguration';

/** A key as it is configured; see `TokenRules.keys`. */
export type KeyMaterial = string | Buffer | KeyObject;

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g;
const PUBLIC_KEY_LABELS: readonly unknown[] = ['PUBLIC KEY', 'RSA PUBLIC KEY'];

/** One line break at the end, as editors and `echo` put it into files. */
const LAST_LINE_BREAK = /(?<![\r\n])\r?\n$/;

/** Whether a secret is text that ends in a line break, which is no part of the secret. */
export function endsInLineBreak(material: unknown): boolean {
  return typeof material === 'string' && LAST_LINE_BREAK.test(material);
}

/**
 * The secret that `material` is: the UTF-8 bytes of text without its last line break, or bytes as
 * they are.
 * @throws {TypeError} it is no secret, or text that was meant as a key of another kind.
 */
export function readSecret(option: string, material: unknown): KeyObject {
  const secret = typeof material === 'string' ? material.replace(LAST_LINE_BREAK, '') : material;
  const key = isKeyObject(secret) ? secret : createSecretKey(readBytes(option, secret));
  if (key.type !== 'secret') return key; // the caller knows the algorithms and reports the error
  const got = keyOfAnotherKind(key.export());
  if (got !== undefined) {
    // With a public key as the secret, anyone could sign.
    throw misconfigured(option, 'a secret', got, 'Public keys verify RS*, PS*, ES* and EdDSA.');
  }
  return key;
}

/** What bytes are that were meant as a key pair's, where they are (RFC 8725 §2.1). */
function keyOfAnotherKind(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  if (text.includes('-----BEGIN')) return 'PEM text';
  if (isJwk(text)) return 'JWK text';
  // Some servers show their public key as the base64 of a PEM block, without its first and last line.
  return [bytes, Buffer.from(text, 'base64')].some(isPublicKey) ? 'a public key' : undefined;
}

function isPublicKey(bytes: Buffer): boolean {
  try {
    createPublicKey({ key: bytes, format: 'der', type: 'spki' });
    return true;
  } catch {
    return false;
  }
}

/**
 * The public keys in PEM text, one or several, or the one that a KeyObject is.
 * @throws {TypeError} there is none, one cannot be read, or there is private key material.
 */
export function readPublicKeys(option: string, material: unknown): readonly KeyObject[] {
  const key = isKeyObject(material) ? material : pemText(readBytes(option, material));
  const isPrivate = typeof key === 'string' ? key.includes('PRIVATE KEY') : key.type === 'private';
  if (isPrivate) {
    throw misconfigured(
      option,
      MUST_BE_PUBLIC,
      'a private key',
      'Verifying needs only the public key.',
    );
  }
  return typeof key === 'string' ? readPem(option, key) : [key];
}

/**
 * Whether two keys are one. Types are compared first: after `equals` of an RSA key and one on a curve,
 * Node 20 fails to read the next private key in PEM ("different key types").
 */
export function isSameKey(one: KeyObject, other: KeyObject): boolean {
  return one.asymmetricKeyType === other.asymmetricKeyType && one.equals(other);
}

/** What a key is, without anything of its value. */
export function describeKey(key: KeyObject): string {
  if (key.type === 'secret') return `a secret of ${String(key.symmetricKeySize)} bytes`;
  const details = key.asymmetricKeyDetails;
  const kind = `a ${key.type} ${String(key.asymmetricKeyType)} key`;
  if (details?.namedCurve !== undefined) return `${kind} on ${details.namedCurve}`;
  if (details?.publicExponent === undefined) return kind;
  const exponent = String(details.publicExponent);
  return `${kind} of ${String(details.modulusLength)} bits with exponent ${exponent}`;
}

const MUST_BE_PUBLIC = 'one or several public keys in PEM, or a public KeyObject';
const LINE_BREAKS = 'Check that its line breaks are line breaks and that each BEGIN has its END.';

function readBytes(option: string, material: unknown): Buffer {
  if (typeof material === 'string') return Buffer.from(material, 'utf8');
  if (isUint8Array(material)) return Buffer.from(material);
  throw misconfigured(option, 'a string, a Buffer or a KeyObject', kindOf(material));
}

/** PEM text. Variables of one line carry it with its line breaks written as `\n`. */
export function pemText(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/(?:\\r)?\\n/g, '\n');
}

function readPem(option: string, text: string): readonly KeyObject[] {
  const blocks = [...text.matchAll(PEM_BLOCK)];
  if (!blocks.every(([, label]) => PUBLIC_KEY_LABELS.includes(label))) {
    const advice = 'A certificate gives its key to `openssl x509 -pubkey -noout`.';
    throw misconfigured(option, MUST_BE_PUBLIC, 'PEM of another kind', advice);
  }
  if (isJwk(text)) {
    const advice = "Pass createPublicKey({ key: jwk, format: 'jwk' }).";
    throw misconfigured(option, MUST_BE_PUBLIC, 'JWK text', advice);
  }
  // Comments may stand between the blocks (RFC 7468 §2), the rest of a broken block may not.
  if (blocks.length === 0 || text.replace(PEM_BLOCK, '').includes('-----')) {
    throw misconfigured(option, MUST_BE_PUBLIC, 'text that is not PEM throughout', LINE_BREAKS);
  }
  return blocks.map(([block]) => readBlock(option, block));
}

function readBlock(option: string, block: string): KeyObject {
  try {
    return createPublicKey(block);
  } catch {
    const got = 'a PEM block that holds no readable key';
    throw misconfigured(option, MUST_BE_PUBLIC, got, LINE_BREAKS);
  }
}

function isJwk(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) && (typeof value.kty === 'string' || Array.isArray(value.keys));
  } catch {
    return false; // not JSON, so no JWK
  }
}
