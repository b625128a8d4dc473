import type { AuditEvent, RequestSource } from '../../audit/audit-event';
import { tokenFields } from '../../audit/audit-log';
import { ANY_ISSUE_TIME, type Revocation } from '../../revocation/revocation';
import { RevocationStore } from '../../revocation/revocation-store';
import { sessionIdKey } from '../../tokens/identity';
import { kindOf, misconfigured } from '../../options/misconfiguration';
import type { VerifiedToken } from '../../tokens/verification/token-verifier';
import { sessionEnd } from './session-end';
import { keepEnded, settled, type ServerSessionStore } from './session-store';
import { SessionTerminator } from '../session-terminator';

/** A session as the packages hang it on the request. */
export interface ServerSession {
  readonly cookie?: unknown;
  destroy(callback: (error?: unknown) => void): unknown;
}

/**
 * Ends a server-side session for good. Destroying it is not enough: a request of the same session
 * that is still at work writes it back when it ends. So its id is recorded as revoked (as a hash,
 * never itself), and the store is wrapped to refuse it, on every instance that shares the
 * revocations.
 */
export abstract class ServerSessionTerminator extends SessionTerminator {
  /**
   * @param sessionStore the very store that the session package was given; changed in place.
   * @param revocationStore the one that the `store` option names.
   * @throws {TypeError} one of them is no such store.
   */
  constructor(
    private readonly sessionStore: ServerSessionStore,
    private readonly revocationStore: RevocationStore,
  ) {
    super();
    if (!isSessionStore(sessionStore))
      throw misconfigured(
        'sessionStore',
        'the store that the session package was given, with get, set and destroy',
        kindOf(sessionStore),
      );
    if (!((revocationStore as unknown) instanceof RevocationStore))
      throw misconfigured('revocationStore', 'a RevocationStore', kindOf(revocationStore));
    keepEnded(sessionStore, revocationStore);
  }

  /** The id under which the store knows the session; anything but a text is no session of its. */
  protected abstract idOf(session: ServerSession): unknown;

  /**
   * Revokes the id of the request's session, with its audit row, then destroys the session.
   * A session that was only opened for this very request is destroyed and leaves no trace.
   *
   * @throws {StoreUnavailableError} destroyed, but another request may write it back.
   * @throws {TypeError} the session lives in another store; it was not ended.
   */
  async terminate(
    request: object,
    token: VerifiedToken,
    source: RequestSource,
    committed?: (event: AuditEvent) => void,
  ): Promise<void> {
    const session = sessionOf(request);
    const id = session && this.idOf(session);
    if (session === undefined || typeof id !== 'string') return;
    this.refuseForeign(request);
    try {
      if (hasCookies(request)) await this.revoke(id, session, token, source, committed);
    } finally {
      await settled((done) => session.destroy(done));
    }
  }

  private async revoke(
    id: string,
    session: ServerSession,
    token: VerifiedToken,
    source: RequestSource,
    committed?: (event: AuditEvent) => void,
  ): Promise<void> {
    const key = sessionIdKey(id);
    const revocation: Revocation = {
      key,
      scope: 'server-session',
      issuedBefore: ANY_ISSUE_TIME,
      expiresAt: sessionEnd(session.cookie, Date.now()),
      issuer: token.claims.iss,
      subject: token.subject,
    };
    const event: AuditEvent = {
      ...source,
      ...tokenFields(token),
      event: 'session_expired',
      outcome: 'success',
      scope: 'server-session',
      detail: { terminator: this.name, sessionFingerprint: key },
    };
    if (await this.revocationStore.add(revocation, event)) committed?.(event);
  }

  /** A session in a store that is not wrapped would come back: better not to call it ended. */
  private refuseForeign(request: object): void {
    if ('sessionStore' in request && request.sessionStore !== this.sessionStore)
      throw misconfigured(
        'sessionStore',
        'the store that the session package was given',
        'another store than that of the request',
      );
  }
}

function isSessionStore(value: unknown): boolean {
  return hasMethod(value, 'get') && hasMethod(value, 'set') && hasMethod(value, 'destroy');
}

function sessionOf(request: object): ServerSession | undefined {
  const session = 'session' in request ? request.session : undefined;
  return isServerSession(session) ? session : undefined;
}

function isServerSession(value: unknown): value is ServerSession {
  return hasMethod(value, 'destroy');
}

function hasMethod(value: unknown, name: string): boolean {
  return (
    typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function'
  );
}

/** Without cookies the client cannot have named a session: the package has just opened one. */
function hasCookies(request: object): boolean {
  const headers = 'headers' in request ? request.headers : undefined;
  return typeof headers !== 'object' || headers === null || 'cookie' in headers;
}
