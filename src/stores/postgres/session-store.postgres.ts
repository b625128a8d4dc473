import {
  createdEvent,
  endedEvent,
  othersEndedEvent,
  refreshEvents,
  sessionRevocation,
  type EndingCause,
} from '../../revocation/session-events';
import {
  SessionStore,
  type Ended,
  type EndedSessions,
  type EndOrder,
  type EndOthersOrder,
  type OpenedSession,
  type Refreshed,
  type RefreshOrder,
  type Session,
  type SessionByRefreshToken,
  type SessionOrder,
  type SessionsOf,
} from '../../revocation/session-store';
import type { CommitPosition, HostTransaction } from '../../revocation/unit-of-work';
import type { PostgresConnections } from './connection/connections';
import { PostgresError } from './connection/postgres-error';
import type { Reader } from './reads/reader';
import {
  lastEndQuery,
  sessionOf,
  sessionQuery,
  sessionsQuery,
  type SessionJson,
} from './reads/sessions';
import type { SessionWriter } from './writes/session-writer';
import {
  ending,
  endingOthers,
  opening,
  type EndedJson,
  type EndingJson,
  type OpenedJson,
} from './writes/session-writes';

/** The table `auth_sessions`. Belongs to a `PostgresStore`, which opens and closes it. */
export class PostgresSessionStore extends SessionStore {
  constructor(
    private readonly connections: PostgresConnections,
    private readonly reader: Reader,
    private readonly writer: SessionWriter,
  ) {
    super();
  }

  async open(order: SessionOrder): Promise<OpenedSession> {
    const { position, answer } = await this.writer.open(opening(order));
    const { session: json, ended } = answer as OpenedJson;
    const session = sessionOf(json);
    const { revocations, events } = endedOf(ended, { reason: 'replaced', source: order.source });
    const created = createdEvent(session, order.source);
    return { session, revocations, events: [...events, created], position };
  }

  async refresh(order: RefreshOrder): Promise<Refreshed> {
    const { position, at, refreshed } = await this.writer.refresh(order);
    const { outcome, was, session: json, refusedUntil } = refreshed;
    if (outcome === 'again') throw new PostgresError('a refresh that was not decided');
    const told = { outcome, position, at: new Date(at) };
    if (json === null) return { ...told, revocations: [], events: [] };
    const session = sessionOf(json);
    const ended = refusedUntil === null ? [] : [{ session: json, refusedUntil }];
    const { revocations, events } = endedOf(ended, { reason: 'reuse', source: order.source });
    const own = refreshEvents(outcome, session, was ?? session.generation, order);
    return { ...told, session, revocations, events: [...own, ...events] };
  }

  async end(
    order: EndOrder,
    transaction?: HostTransaction,
    onPosition: (position: CommitPosition) => void = () => undefined,
  ): Promise<Ended> {
    const { position, answer } =
      transaction === undefined
        ? await this.writer.end(ending(order, false))
        : await this.writer.changeWithin(transaction, ending(order, true), onPosition);
    const { endedBy, reason = endedBy, actor, source } = order;
    const { ended, endedBefore } = answer as EndingJson;
    return { ...endedOf(ended, { reason, actor, source }), endedBefore, position };
  }

  async endOthers(order: EndOthersOrder): Promise<EndedSessions | undefined> {
    const { position, answer } = await this.writer.end(endingOthers(order));
    const ended = answer as readonly EndedJson[] | null;
    if (ended === null) return undefined;
    const { source } = order;
    const { revocations } = endedOf(ended, { reason: 'logout_others', source });
    const events = [othersEndedEvent(order, revocations.length, source)];
    return { revocations, events, position };
  }

  async list(of: SessionsOf): Promise<readonly Session[]> {
    const rows = await this.reader.rows<{ json: string }>('list sessions', () =>
      sessionsQuery(this.connections.tables, of),
    );
    return rows.map(({ json }) => sessionOf(JSON.parse(json) as SessionJson));
  }

  async find(of: SessionByRefreshToken): Promise<Session | undefined> {
    // A request waits for it: no reader of the audit delays it.
    const [row] = await this.reader.rows<{ json: string }>(
      'find a session',
      () => sessionQuery(this.connections.tables, of),
      'writes',
    );
    return row && sessionOf(JSON.parse(row.json) as SessionJson);
  }

  async lastEnd(): Promise<Date | undefined> {
    // A cutoff waits for it, which goes by this pool, too: no reader of the audit delays it.
    const [row] = await this.reader.rows<{ ms: string | null }>(
      'read the last end of a session',
      () => lastEndQuery(this.connections.tables),
      'writes',
    );
    return typeof row?.ms === 'string' ? new Date(Number(row.ms)) : undefined;
  }
}

/** With an event for each. @param cause where it does not say why itself. */
function endedOf(
  ended: readonly EndedJson[],
  cause: EndingCause,
): Pick<EndedSessions, 'revocations' | 'events'> {
  const sessions = ended.map(({ session, refusedUntil, reason = cause.reason }) => ({
    session: sessionOf(session),
    expiresAt: new Date(refusedUntil),
    cause: { ...cause, reason },
  }));
  return {
    revocations: sessions.map((one) => sessionRevocation(one.session, one.expiresAt, one.cause)),
    events: sessions.map((one) => endedEvent(one.session, one.cause)),
  };
}
