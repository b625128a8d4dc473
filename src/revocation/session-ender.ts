import type { AuditLog } from '../audit/audit-log';
import type { TokenVerifier } from '../tokens/verification/token-verifier';
import { keptSeconds, type RevokeOptions } from './additions';
import type { RevocationStore } from './revocation-store';
import type { SessionByRefreshToken, SessionsById } from './session-store';

/** What came of a call that ends one session. */
export type EndOutcome = 'ended' | 'ended before' | 'unknown';

/** Ends sessions of ours, one at a time. */
export class SessionEnder {
  constructor(
    private readonly verifier: TokenVerifier,
    private readonly store: RevocationStore,
    private readonly audit: AuditLog,
  ) {}

  /** No access token of a session that ends now is accepted after so long. */
  revokedSeconds(issuer: string): number {
    const { clockToleranceSeconds } = this.verifier;
    return keptSeconds(this.verifier.maxLifetimeSeconds(issuer), clockToleranceSeconds);
  }

  /** @param issuer whose tokens they are, or were under its earlier name. */
  async end(
    session: SessionsById | SessionByRefreshToken,
    issuer: string,
    { manager, reason, actor, source = {} }: Omit<RevokeOptions, 'covers'>,
  ): Promise<EndOutcome> {
    const revokedSeconds = this.revokedSeconds(issuer);
    const order = { ...session, endedBy: 'logout', revokedSeconds, reason, actor, source };
    const { events, revocations, endedBefore } = await this.store.sessions.end(order, manager);
    // Inside a host's transaction nothing is committed yet: its row tells, if it ever commits.
    if (manager === undefined) for (const event of events) this.audit.committed(event);
    if (revocations.length > 0) return 'ended';
    return endedBefore.length > 0 ? 'ended before' : 'unknown';
  }
}
