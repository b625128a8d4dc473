import { type JsonObject, parseJsonObject } from './json-object';

/** A token's header after its form was checked; says nothing yet about what the rules allow. */
export interface TokenHeader {
  readonly alg: string;
  readonly typ?: string;
  /** 1–255 characters. */
  readonly kid?: string;
}

/** Longest `kid`, in the configuration and in a token. */
export const MAX_KID_LENGTH = 255;

/**
 * `crit` and `b64` change what the signature means, `zip` allows decompression bombs, and the others
 * carry or name keys (RFC 8725 §3.10). All else that is not known is ignored (RFC 7515 §4): issuers
 * write `x5t`, `nonce`, `cat` and more.
 */
export const REFUSED_PARAMETERS = ['crit', 'b64', 'zip', 'jwk', 'jku', 'x5u', 'x5c'] as const;

interface ReadHeader {
  readonly text: string;
  readonly any: JsonObject | undefined;
  readonly acceptable: TokenHeader | undefined;
}

let last: ReadHeader | undefined;

/** @returns the header, whatever its parameters are; `undefined` unless it is a JSON object. */
export function parseAnyHeader(base64url: string): JsonObject | undefined {
  return read(base64url).any;
}

/** @returns the header, or `undefined` unless it is a JSON object with nothing that is refused. */
export function parseHeader(base64url: string): TokenHeader | undefined {
  return read(base64url).acceptable;
}

function read(base64url: string): ReadHeader {
  // The tokens of one issuer begin with the same header.
  if (last?.text === base64url) return last;
  const any = parseJsonObject(base64url);
  last = { text: base64url, any, acceptable: any && isTokenHeader(any) ? any : undefined };
  return last;
}

function isTokenHeader(header: JsonObject): header is JsonObject & TokenHeader {
  // Only own members: a header may have one called `__proto__`.
  const own = (name: string): unknown => (Object.hasOwn(header, name) ? header[name] : undefined);
  const [typ, kid] = [own('typ'), own('kid')];
  return (
    typeof own('alg') === 'string' &&
    (typ === undefined || typeof typ === 'string') &&
    (kid === undefined || isKid(kid)) &&
    !REFUSED_PARAMETERS.some((name) => Object.hasOwn(header, name))
  );
}

/** Whether `value` can name a key (RFC 7515 §4.1.4): a string of 1–255 characters. */
export function isKid(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= MAX_KID_LENGTH;
}

/**
 * A media type without what RFC 7515 §4.1.9 declares meaningless: its case and `application/`.
 */
export function normalizeType(type: string): string {
  const lowerCase = type.toLowerCase();
  return lowerCase.startsWith('application/') ? lowerCase.slice('application/'.length) : lowerCase;
}
