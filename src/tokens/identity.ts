import { hash } from 'node:crypto';
import type { Claims, Identifier } from './verification/claims';

/**
 * What makes two texts one token: the same `iss` and `jti` (RFC 7519 §4.1.7; the signed part
 * where there is no `jti`), or always the signed part, for issuers that reuse a `jti`.
 */
export type TokenIdentity = 'jti' | 'signed-part';

/**
 * What a revocation is kept under: a SHA-256 as 64 lower-case hexadecimal digits. A text, because
 * tokens are remembered and a text cannot be changed under us.
 */
export type RevocationKey = string;

/** No part can be this long, so it tells an absent part from an empty one. */
const ABSENT = 0xffffffff;
const LENGTH_BYTES = 4;

/** Reused: an allocation for each key would cost more than hashing it. */
const scratch = Buffer.allocUnsafe(4096);
const MAX_BYTES_EACH = 3; // of a UTF-16 code unit in UTF-8

/**
 * SHA-256 over the tag and the parts, each behind its length in four bytes, big-endian. Two
 * different lists never share an encoding, nor do two tags. Parts must be well-formed Unicode: UTF-8
 * has no bytes for a lone surrogate.
 */
export function revocationKey(
  tag: string,
  ...parts: readonly (string | undefined)[]
): RevocationKey {
  let bound = LENGTH_BYTES + MAX_BYTES_EACH * tag.length;
  for (const part of parts) bound += LENGTH_BYTES + MAX_BYTES_EACH * (part?.length ?? 0);
  const target = bound <= scratch.length ? scratch : Buffer.allocUnsafe(bound);
  let end = writePart(target, tag, 0);
  for (const part of parts) end = writePart(target, part, end);
  return hash('sha256', target.subarray(0, end), 'hex');
}

/** @returns where the next part begins. */
function writePart(target: Buffer, part: string | undefined, offset: number): number {
  const start = offset + LENGTH_BYTES;
  const length = part === undefined ? ABSENT : target.write(part, start, 'utf8');
  target.writeUInt32BE(length, offset);
  return part === undefined ? start : start + length;
}

/** The key of what an issuer names so: an integer is another name than its decimal digits. */
export function identifierKey(
  tag: string,
  issuer: string | undefined,
  identifier: Identifier,
): RevocationKey {
  return typeof identifier === 'number'
    ? revocationKey(`${tag}-integer`, issuer, String(identifier))
    : revocationKey(tag, issuer, identifier);
}

/**
 * The keys of this one token, each the same for every spelling of it that is accepted, which
 * neither its text nor a hash of its text is. It is revoked under the first, that of `mode`. The
 * other is asked about too: it may have been revoked when `mode` was another.
 * @param signingInput `header.payload` as received.
 */
export function ownKeys(
  { iss, jti }: Claims,
  signingInput: string,
  mode: TokenIdentity,
): readonly [RevocationKey, ...RevocationKey[]] {
  const bySignedPart = revocationKey('signed-part', signingInput);
  if (jti === undefined) return [bySignedPart];
  const byJti = identifierKey('token', iss, jti);
  return mode === 'jti' ? [byJti, bySignedPart] : [bySignedPart, byJti];
}

/** The key under which a server-side session (not a token's `sid`) is revoked. */
export function sessionIdKey(sessionId: string): RevocationKey {
  return revocationKey('server-session', sessionId);
}
