import { createHash, type KeyObject } from 'node:crypto';
import type { Algorithm } from './algorithms';
import type { ConfiguredKey } from './keys';

/** A key that verifies signatures, as it is published (RFC 7517 §4); its other members are public. */
export interface PublicJwk {
  readonly use: 'sig';
  readonly alg: Algorithm;
  readonly kid: string;
  readonly [member: string]: string;
}

/** What makes a public key, in the order of RFC 7638 §3.2; no private member can come along. */
const MEMBERS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['RSA', ['e', 'kty', 'n']],
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
]);

/**
 * What tokens call a key: its `kid`, or the SHA-256 thumbprint of a public key (RFC 7638).
 * @returns `undefined`: a secret without a `kid`. A thumbprint of a secret would help to guess it.
 */
export function kidOf({ key, kid }: Pick<ConfiguredKey, 'key' | 'kid'>): string | undefined {
  if (kid !== undefined) return kid;
  const members = membersOf(key);
  if (members === undefined) return undefined;
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

/**
 * The public keys among those that verify, each once. Secrets are left out. In the order of their
 * `kid`: instances whose keys are in another order, as in a rolling deploy, publish the same.
 */
export function publicJwksOf(keys: readonly ConfiguredKey[]): readonly PublicJwk[] {
  const byKid = new Map<string, PublicJwk>();
  for (const each of keys) {
    const [kid, members] = [kidOf(each), membersOf(each.key)];
    if (kid !== undefined && members !== undefined)
      byKid.set(kid, { ...members, use: 'sig', alg: each.algorithm, kid });
  }
  return [...byKid.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, jwk]) => jwk);
}

function membersOf(key: KeyObject): Readonly<Record<string, string>> | undefined {
  if (key.type !== 'public') return undefined;
  const jwk: Readonly<Record<string, unknown>> = { ...key.export({ format: 'jwk' }) };
  const names = MEMBERS.get(jwk.kty) ?? [];
  return Object.fromEntries(names.map((name) => [name, String(jwk[name])]));
}
