import type { AuditEvent } from '../../audit/audit-event';
import {
  isLive,
  newestOf,
  outcomeOf,
  rotated,
  sessionOf,
  type HeldSession,
} from '../../revocation/held-session';
import type { Revocation } from '../../revocation/revocation';
import {
  createdEvent,
  endedEvent,
  othersEndedEvent,
  refreshEvents,
  sessionRevocation,
  type EndingCause,
  type EndingReason,
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
import type { HostTransaction } from '../../revocation/unit-of-work';
import { sessionQuery } from '../../revocation/session-query';
import type { RevocationKey } from '../../tokens/identity';
import type { RevocationQuery } from '../../tokens/scopes';
import { refuseTransaction } from './refuse-transaction';

const DAY_MS = 86_400_000;

/** The store that sessions live in: what they change of it, at once. */
export interface SurroundingStore {
  /** In ms since the epoch. */
  now(): number;
  /** @throws {StoreUnavailableError} the store is closed. */
  refuseWhenClosed(operation: string): void;
  /** The latest live cutoff of one of the keys that is an instant; `-Infinity` where none is. */
  latestCutoffMs(keys: readonly RevocationKey[]): number;
  /** Whether a live revocation covers what is asked about. */
  covers(query: RevocationQuery): boolean;
  /** Holds what is revoked, and records the events. */
  take(revocations: readonly Revocation[], events: readonly AuditEvent[]): void;
}

/** A session that is over, why, and until when it is refused. */
interface Ending {
  readonly held: HeldSession;
  readonly expiresAt: Date;
  readonly cause: EndingCause;
}

/** The sessions of one process. Belongs to a `MemoryRevocationStore`. */
export class MemorySessionStore extends SessionStore {
  private readonly bySid = new Map<string, HeldSession>();
  private readonly byRefreshId = new Map<string, HeldSession>();
  private turns = 0;

  constructor(private readonly store: SurroundingStore) {
    super();
  }

  async open(order: SessionOrder): Promise<OpenedSession> {
    const now = await this.begin('open a session');
    const openedMs = Math.max(now, this.store.latestCutoffMs(order.cutoffKeys) + 1);
    const ended = endAll([...this.replacedBy(order, now), ...this.beyondMaximum(order, now)]);
    const session = sessionOf(order, openedMs);
    const held = { session, refreshId: order.refreshId, turn: ++this.turns, isEnded: false };
    this.bySid.set(session.sid, held);
    this.byRefreshId.set(order.refreshId, held);
    const created = createdEvent(session, order.source);
    return this.committed({ ...ended, events: [...ended.events, created], session });
  }

  async refresh(order: RefreshOrder): Promise<Refreshed> {
    const now = await this.begin('refresh a session');
    const held = this.byRefreshId.get(order.refreshId);
    const at = new Date(now);
    if (held === undefined) return { ...NOTHING, outcome: 'unknown', at };
    const { generation } = held.session;
    const outcome = outcomeOf(held, order, now);
    const isReused = outcome === 'reused';
    const ended = endAll(isReused ? endings([held], order, causeOf('reuse', order), now) : []);
    if (outcome === 'rotated') {
      held.session = rotated(held.session, order, now);
      held.turn = ++this.turns;
    }
    const { session } = held;
    const events = [...refreshEvents(outcome, session, generation, order), ...ended.events];
    return this.committed({ ...ended, events, outcome, session, at });
  }

  async end(order: EndOrder, transaction?: HostTransaction): Promise<Ended> {
    refuseTransaction(transaction);
    const now = await this.begin('end a session');
    const { endedBy, actor, source } = order;
    const cause = { reason: order.reason ?? endedBy, actor, source };
    const named = this.namedBy(order);
    const endedBefore = named.filter(({ isEnded }) => isEnded).map(({ session }) => session);
    const doomed = named.filter(({ isEnded }) => !isEnded);
    return this.committed({ ...endAll(endings(doomed, order, cause, now)), endedBefore });
  }

  async endOthers(order: EndOthersOrder): Promise<EndedSessions | undefined> {
    const now = await this.begin('end sessions');
    const live = this.liveOf(order, now);
    if (!live.some(({ session }) => session.sid === order.sid)) return undefined;
    const others = live.filter(({ session }) => session.sid !== order.sid);
    const cause = causeOf('logout_others', order);
    const events = [othersEndedEvent(order, others.length, order.source)];
    return this.committed({ ...endAll(endings(others, order, cause, now)), events });
  }

  async list(of: SessionsOf): Promise<readonly Session[]> {
    const now = await this.begin('list sessions');
    const sessions = this.liveOf(of, now).map(({ session }) => session);
    return newestOf(sessions.filter((session) => !this.store.covers(sessionQuery(session))));
  }

  async find({ refreshId }: SessionByRefreshToken): Promise<Session | undefined> {
    const now = await this.begin('find a session');
    const held = this.byRefreshId.get(refreshId);
    if (held === undefined || !isLive(held, now)) return undefined;
    return this.store.covers(sessionQuery(held.session)) ? undefined : held.session;
  }

  async lastEnd(): Promise<Date | undefined> {
    await this.begin('read the last end of a session');
    let last: Date | undefined;
    for (const { session } of this.bySid.values())
      if (last === undefined || session.expiresAt > last) last = session.expiresAt;
    return last;
  }

  private async begin(operation: string): Promise<number> {
    await Promise.resolve();
    this.store.refuseWhenClosed(operation);
    return Math.floor(this.store.now());
  }

  private namedBy(order: EndOrder): readonly HeldSession[] {
    if (!('sids' in order)) return present(this.byRefreshId.get(order.refreshId));
    const { issuer, subject } = order;
    return [...new Set(order.sids)]
      .flatMap((sid) => present(this.bySid.get(sid)))
      .filter(({ session }) => session.issuer === issuer)
      .filter(({ session }) => subject === undefined || session.subject === subject);
  }

  private replacedBy(order: SessionOrder, now: number): readonly Ending[] {
    const previous = this.byRefreshId.get(order.previousRefreshId ?? '');
    if (previous === undefined || previous.isEnded) return [];
    return endings([previous], order, causeOf('replaced', order), now);
  }

  private beyondMaximum(order: SessionOrder, now: number): readonly Ending[] {
    const others = this.liveOf(order, now)
      .filter(({ refreshId }) => refreshId !== order.previousRefreshId)
      .toSorted((a, b) => b.turn - a.turn)
      .slice(order.maxPerSubject - 1);
    return endings(others, order, causeOf('session_limit', order), now);
  }

  private committed<Result extends EndedSessions>(result: Result): Result {
    this.store.take(result.revocations, result.events);
    return result;
  }

  private liveOf({ issuer, subject }: SessionsOf, now: number): readonly HeldSession[] {
    return [...this.bySid.values()].filter(
      (held) =>
        held.session.issuer === issuer && held.session.subject === subject && isLive(held, now),
    );
  }

  /** Forgets what was over a day ago. */
  purge(now: number): void {
    for (const [sid, { session, refreshId }] of this.bySid) {
      if (session.expiresAt.getTime() + DAY_MS > now) continue;
      this.bySid.delete(sid);
      this.byRefreshId.delete(refreshId);
    }
  }
}

const present = (held: HeldSession | undefined): readonly HeldSession[] =>
  held === undefined ? [] : [held];

const NOTHING: EndedSessions = { revocations: [], events: [], position: null };

/** With an event for each. */
function endAll(all: readonly Ending[]): EndedSessions {
  const revocations = all.map(({ held, expiresAt, cause }) => {
    held.isEnded = true;
    return sessionRevocation(held.session, expiresAt, cause);
  });
  const events = all.map(({ held, cause }) => endedEvent(held.session, cause));
  return { ...NOTHING, revocations, events };
}

const causeOf = (reason: EndingReason, { source }: Pick<EndingCause, 'source'>): EndingCause => ({
  reason,
  source,
});

const endings = (
  all: readonly HeldSession[],
  { revokedSeconds }: { readonly revokedSeconds: number },
  cause: EndingCause,
  now: number,
): readonly Ending[] =>
  all.map((held) => ({ held, cause, expiresAt: new Date(now + revokedSeconds * 1000) }));
