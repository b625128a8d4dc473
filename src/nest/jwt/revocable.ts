import { randomUUID } from 'node:crypto';
import type { JwtSignOptions } from '@nestjs/jwt';

/** What is given to `sign`. */
export interface Signed {
  readonly payload: object;
  readonly options?: JwtSignOptions;
}

/**
 * The same, so that the token can be logged out: claims get a random `jti` where none is given
 * (RFC 7519 §4.1.7), and an integer `sub` is written as text (§4.1.2). Bytes stay as they are.
 * @param ofModule `signOptions` of the module, which hold where `options` say nothing else.
 */
export function revocable(
  { payload, options }: Signed,
  ofModule: JwtSignOptions | undefined,
): Signed {
  if (!isClaims(payload)) return { payload, options };
  const effective = { ...ofModule, ...options };
  const isNamed = 'jwtid' in effective || claim(payload, 'jti') !== undefined;
  return {
    payload: withTextSubject(payload, effective.mutatePayload === true),
    // As an option: with `mutatePayload` the host's object shows it, as it shows `iat`.
    options: isNamed ? options : { ...options, jwtid: randomUUID() },
  };
}

function withTextSubject(payload: object, isMutated: boolean): object {
  const sub = claim(payload, 'sub');
  if (!Number.isSafeInteger(sub)) return payload;
  // Of the same class: jsonwebtoken refuses what is no plain object.
  const own = isMutated ? payload : copyOf(payload);
  Reflect.set(own, 'sub', String(sub));
  return own;
}

function copyOf(payload: object): object {
  const copy = Object.create(Object.getPrototypeOf(payload) as object | null) as object;
  return Object.assign(copy, payload);
}

/** What @nestjs/jwt was given may be anything, where the host has no types. */
function isClaims(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && !Buffer.isBuffer(payload);
}

function claim(payload: object, name: string): unknown {
  return Reflect.get(payload, name);
}
