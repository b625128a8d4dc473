import { randomUUID } from 'node:crypto';
import type { JwtSignOptions } from '@nestjs/jwt';

/**
 * The options for signing `payload`, with a random `jti` (RFC 7519 §4.1.7) where neither the claims
 * nor the options name one. Bytes have no claims: their options stay as they are.
 *
 * As an option: with `mutatePayload` the host's object shows it, as it shows `iat`.
 * @param ofModule `signOptions` of the module, which hold where `options` say nothing else.
 */
export function withJti(
  payload: object,
  options: JwtSignOptions | undefined,
  ofModule: JwtSignOptions | undefined,
): JwtSignOptions | undefined {
  const isNamed =
    !isClaims(payload) ||
    'jwtid' in { ...ofModule, ...options } ||
    Reflect.get(payload, 'jti') !== undefined;
  return isNamed ? options : { ...options, jwtid: randomUUID() };
}

/** What @nestjs/jwt was given may be anything, where the host has no types. */
function isClaims(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && !Buffer.isBuffer(payload);
}
