/** The three parts of a token's text, each non-empty canonical base64url. */
export interface TokenParts {
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
  /** `header.payload` as received: what the signature covers (RFC 7515 §5.2). */
  readonly signingInput: string;
}

// Anchored, and no part can contain the separator: linear, there is nothing to try twice.
const COMPACT_FORM = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

/** By length modulo 4: the last characters whose bits beyond the last whole byte are zero. */
const CANONICAL_ENDINGS = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048'] as const;

/**
 * Whether re-encoding what `part` decodes to gives `part` again (RFC 4648 §3.5), for text of the
 * base64url alphabet. Otherwise up to 16 texts would be one and the same token.
 */
export function isCanonicalBase64url(part: string): boolean {
  const endings = CANONICAL_ENDINGS[part.length % 4];
  return endings === undefined || endings.includes(part.slice(-1));
}

/**
 * @returns the parts of a token in compact form (RFC 7515 §7.1) of at most `maxBytes`, or
 * `undefined` for all else.
 */
export function splitToken(text: unknown, maxBytes: number): TokenParts | undefined {
  // Characters are bytes here, because the form admits nothing but ASCII.
  if (typeof text !== 'string' || text.length > maxBytes) return undefined;
  const [, header, payload, signature] = COMPACT_FORM.exec(text) ?? [];
  if (header === undefined || payload === undefined || signature === undefined) return undefined;
  if (![header, payload, signature].every(isCanonicalBase64url)) return undefined;
  return { header, payload, signature, signingInput: signingInputOf(text) };
}

/** What the signature of a token in compact form covers (RFC 7515 §5.2). */
export function signingInputOf(token: string): string {
  return token.slice(0, token.lastIndexOf('.'));
}
