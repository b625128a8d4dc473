import type { AuditEvent, RequestSource } from '../audit/audit-event';
import { tokenFields, type AuditLog } from '../audit/audit-log';
import type { VerifiedToken } from '../tokens/verification/token-verifier';
import { TimedOutError, withTimeout } from './with-timeout';

/** How long a logout waits for each terminator, in ms. */
const TERMINATOR_TIMEOUT_MS = 1000;

/**
 * Ends something of the user's beside the token at logout, such as a server-side session.
 * Adapters: `ExpressSessionTerminator`, `FastifySessionTerminator`, and those of hosts.
 */
export abstract class SessionTerminator {
  /** Names it in the log and the audit. */
  abstract readonly name: string;

  /**
   * Ends what belongs to this request; nothing to end is no error. Called after the token's
   * revocation is committed, which a failure here neither undoes nor hides.
   *
   * @param committed prints an audit event that the terminator has written itself.
   */
  abstract terminate(
    request: object,
    token: VerifiedToken,
    source: RequestSource,
    committed?: (event: AuditEvent) => void,
  ): Promise<void>;
}

/** Runs the terminators of a logout side by side, each within one second. */
export class SessionTermination {
  constructor(
    private readonly terminators: readonly SessionTerminator[],
    private readonly audit: AuditLog,
    private readonly onError: (error: unknown) => void,
    private readonly timeoutMs = TERMINATOR_TIMEOUT_MS,
  ) {}

  /** Resolves when each has ended, failed or run out of time; failures are logged and audited. */
  async run(request: object, token: VerifiedToken, source: RequestSource): Promise<void> {
    const committed = (event: AuditEvent): void => {
      this.audit.committed(event);
    };
    await Promise.all(
      this.terminators.map(async (terminator) => {
        try {
          const work = terminator.terminate(request, token, source, committed);
          await withTimeout('A session terminator', work, this.timeoutMs);
        } catch (error) {
          this.onError(error);
          this.audit.failed({
            ...source,
            ...tokenFields(token),
            event: 'session_expired',
            outcome: 'failure',
            reason: error instanceof TimedOutError ? 'terminator_timeout' : 'terminator_failed',
            detail: { terminator: terminator.name },
          });
        }
      }),
    );
  }
}
