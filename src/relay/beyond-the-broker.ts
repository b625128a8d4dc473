import { AuditTrail, type AuditPage } from '../audit/audit-trail';
import { StoreUnavailableError } from '../revocation/errors';
import {
  SessionStore,
  type Ended,
  type EndedSessions,
  type OpenedSession,
  type Refreshed,
  type Session,
} from '../revocation/session-store';

/** What needs the database, asked of an instance that does not reach it. Told, for its log. */
export function refusal(what: string, tell: (error: Error) => void): StoreUnavailableError {
  tell(new Error(`This instance reaches only the broker, so it cannot ${what}. ${WHAT_TO_DO}`));
  return new StoreUnavailableError(`${what} without the database`);
}

const WHAT_TO_DO =
  'Send such requests to an instance with a PostgresRevocationStore: this one answers them with 500.';

/** The audit is in the database. */
export class NoAudit extends AuditTrail {
  constructor(private readonly tell: (error: Error) => void) {
    super();
  }

  /** Keeps none of the events. They would wait in memory, and the database would never come. */
  append(): Promise<void> {
    this.tell(new Error('This instance reaches only the broker: what it would audit is dropped.'));
    return Promise.resolve();
  }

  find(): Promise<AuditPage> {
    return Promise.reject(refusal('read the audit', this.tell));
  }
}

/** Sessions are in the database. */
export class NoSessions extends SessionStore {
  constructor(private readonly tell: (error: Error) => void) {
    super();
  }

  open(): Promise<OpenedSession> {
    return this.refuse('open a session');
  }

  refresh(): Promise<Refreshed> {
    return this.refuse('refresh a session');
  }

  end(): Promise<Ended> {
    return this.refuse('end a session');
  }

  endOthers(): Promise<EndedSessions | undefined> {
    return this.refuse('end sessions');
  }

  list(): Promise<readonly Session[]> {
    return this.refuse('list sessions');
  }

  find(): Promise<Session | undefined> {
    return this.refuse('find a session');
  }

  lastEnd(): Promise<Date | undefined> {
    return this.refuse('tell when sessions ended');
  }

  private refuse(what: string): Promise<never> {
    return Promise.reject(refusal(what, this.tell));
  }
}
