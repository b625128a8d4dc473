import { fixedKeys } from '../keys/issuer-keys';
import { KeySet } from '../keys/key-set';
import type { ConfiguredKey } from '../keys/keys';
import { type Claims, textOf } from './claims';
import type { Issuer } from './issuers';
import type { IssuerWithKeys } from './key-separation';

/** The access tokens of our own sessions: what we sign, and therefore accept. */
export interface OwnTokens {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly keys: readonly ConfiguredKey[];
  /** The longest `exp − iat`, whatever an instance signs now. */
  readonly maxLifetimeSeconds: number;
  /** The longest that a session lives. */
  readonly absoluteSeconds: number;
}

/** The issuer of our own sessions. Its rules are these, whatever the options say of other issuers. */
export function ownIssuer(own: OwnTokens, clockToleranceSeconds: number): IssuerWithKeys {
  const { maxLifetimeSeconds, absoluteSeconds } = own;
  const issuer: Issuer = Object.freeze({
    keys: fixedKeys(new KeySet(own.keys)),
    names: new Set([own.issuer]),
    audiences: new Set(own.audiences),
    clientIds: null,
    types: new Set(['at+jwt']),
    clockToleranceSeconds,
    maxLifetimeSeconds,
    tokenIdentity: 'jti',
    idTokens: 'refuse',
    readSubject: ({ sub }: Claims) => textOf(sub) ?? null,
    sessionClaim: 'sid',
    logoutCovers: 'session',
    sessionSeconds: maxLifetimeSeconds,
    cutoffClaim: 'opened_ms',
    longestLifetimeSeconds: Math.max(maxLifetimeSeconds, absoluteSeconds),
    refreshTokens: undefined,
    backchannel: undefined,
  });
  return { issuer, keys: own.keys };
}
