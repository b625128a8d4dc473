import type { OwnTokens } from '../tokens/verification/own-tokens';
import { AccessTokens } from './access-tokens';
import { RefreshTokens } from './refresh-tokens';
import { MAX_ACCESS_SECONDS, type ResolvedSessionOptions } from './session-options';

/** What follows from the option `sessions`. */
export class SessionSettings {
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly clientId: string;
  /** How access tokens are verified. */
  readonly ownTokens: OwnTokens;

  constructor(readonly options: ResolvedSessionOptions) {
    const { signingKeys, refreshKeys, issuer, audience, accessSeconds, absoluteSeconds } = options;
    const { signer, keys } = signingKeys;
    this.accessTokens = new AccessTokens({ signer, audience, accessSeconds });
    this.refreshTokens = new RefreshTokens(refreshKeys);
    this.clientId = options.clientId ?? audience[0];
    // Not accessSeconds: that may have been longer a moment ago, or be so in another instance.
    const maxLifetimeSeconds = MAX_ACCESS_SECONDS;
    this.ownTokens = { issuer, audiences: audience, keys, maxLifetimeSeconds, absoluteSeconds };
  }
}
