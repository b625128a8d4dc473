import { readKeys } from '../../src/tokens/keys/keys';
import type { OwnTokens } from '../../src/tokens/verification/own-tokens';
import { AUDIENCE, ISSUER, type TestIssuer } from './tokens';

/** What is accepted as tokens of our own sessions that this issuer signs, with `typ: at+jwt`. */
export function ownTokens(issuer: TestIssuer, changes: Partial<OwnTokens> = {}): OwnTokens {
  return {
    issuer: ISSUER,
    audiences: [AUDIENCE],
    keys: readKeys('keys', issuer.key, ['HS256']),
    maxLifetimeSeconds: 3600,
    absoluteSeconds: 86_400,
    ...changes,
  };
}
