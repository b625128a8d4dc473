import type { RevocationKey } from '../tokens/identity';
import { identifierKey, revocationKey } from '../tokens/identity';
import type { RevocationQuery } from '../tokens/scopes';
import type { OwnTokens } from '../tokens/verification/resolved-rules';
import { AccessTokens } from './access-tokens';
import { RefreshTokens } from './refresh-tokens';
import { MAX_ACCESS_SECONDS, type ResolvedSessionOptions } from './session-options';
import type { Session } from '../revocation/session-store';

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

/** The keys of all cutoffs that cover a session, in the order in which a store locks them. */
export function cutoffKeysOf({
  issuer,
  subject,
  clientId,
}: Pick<Session, 'issuer' | 'subject' | 'clientId'>): readonly RevocationKey[] {
  return [
    revocationKey('subject', issuer, subject),
    revocationKey('client', issuer, clientId),
    revocationKey('issuer', issuer),
  ];
}

/** Whether a session is over by any revocation. */
export function sessionQuery(session: Session): RevocationQuery {
  const at = session.openedAt.getTime();
  return {
    absolute: [identifierKey('session', session.issuer, session.sid)],
    cutoffs: cutoffKeysOf(session).map((key) => ({ key, at })),
  };
}
