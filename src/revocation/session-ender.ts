import type { AuditLog } from '../audit/audit-log';
import type { TokenVerifier } from '../tokens/verification/token-verifier';
import { keptSeconds, type RevokeOptions } from './additions';
import type { RevocationStore } from './revocation-store';
import type { Session } from './session-store';

/** Ends sessions of ours, one at a time: for a token of theirs, or by their id. */
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

  /** @returns whether this call ended it; `false`: it was ended before, or there is none. */
  async end(
    { issuer, sid }: Pick<Session, 'issuer' | 'sid'>,
    { manager, reason, actor, source = {} }: Omit<RevokeOptions, 'covers'>,
  ): Promise<boolean> {
    const revokedSeconds = this.revokedSeconds(issuer);
    const order = { issuer, sids: [sid], endedBy: 'logout', revokedSeconds, reason, actor, source };
    const { revocations, events } = await this.store.sessions.end(order, manager);
    // Inside a host's transaction nothing is committed yet: its row tells, if it ever commits.
    if (manager === undefined) for (const event of events) this.audit.committed(event);
    return revocations.length > 0;
  }
}
