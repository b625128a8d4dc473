import { type JsonObject, parseJsonObject } from './json-object';

/** A token's header after its form was checked; says nothing yet about what the rules allow. */
export interface TokenHeader {
  readonly alg: string;
  readonly typ?: string;
  /** 1–255 characters. */
  readonly kid?: string;
  readonly cty?: string;
}

/** Longest `kid`, in the configuration and in a token. */
export const MAX_KID_LENGTH = 255;

// All else is refused: `crit` and `b64` change what the signature means, `jwk`, `jku` and `x5u`
// name keys, `zip` allows decompression bombs, and no issuer of access tokens needs the rest (RFC 8725 §3.10).
const KNOWN_PARAMETERS: ReadonlySet<string> = new Set(['alg', 'typ', 'kid', 'cty']);

let last: { readonly text: string; readonly header: JsonObject | undefined } | undefined;

/** @returns the header, whatever its parameters are; `undefined` unless it is a JSON object. */
export function parseAnyHeader(base64url: string): JsonObject | undefined {
  // The tokens of one issuer begin with the same header.
  if (last?.text !== base64url) last = { text: base64url, header: parseJsonObject(base64url) };
  return last.header;
}

/** @returns the header, or `undefined` unless it is a JSON object of known, textual parameters. */
export function parseHeader(base64url: string): TokenHeader | undefined {
  const header = parseAnyHeader(base64url);
  return header !== undefined && isTokenHeader(header) ? header : undefined;
}

function isTokenHeader(header: JsonObject): header is JsonObject & TokenHeader {
  for (const name of Object.keys(header)) {
    if (!KNOWN_PARAMETERS.has(name) || typeof header[name] !== 'string') return false;
  }
  return Object.hasOwn(header, 'alg') && (!Object.hasOwn(header, 'kid') || isKid(header.kid));
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
