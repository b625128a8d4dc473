import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailableError } from '../../revocation/errors';
import { newestOf, outcomeOf, rotated, sessionOf } from '../../revocation/held-session';
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
import { sessionQuery } from '../../revocation/session-query';
import type { HostTransaction } from '../../revocation/unit-of-work';
import { EVERY_ISSUER } from '../../tokens/scopes';
import type { Change, Changes } from './changes';
import {
  endedText,
  indexName,
  keptAt,
  keptBy,
  keptOf,
  newTexts,
  rotatedText,
  sessionName,
  tokenName,
  type KeptSession,
} from './kept-sessions';
import { covering, keysOf, look, type Look } from './look';
import { ConflictError, type RedisDatabase } from './redis-database';
import { refuseTransaction } from './refuse-transaction';
import { addedRow } from './rows';

const MOST_ATTEMPTS = 50;
const LONGEST_PAUSE_MS = 20;

type Places = Parameters<typeof look>[3];

/** What was decided: what is to be written, if it is to be, and what is answered then. */
interface Decision<Result> {
  readonly result: Result;
  readonly change?: Pick<Change, 'texts' | 'cutoffs' | 'lastEnd'>;
}

/** Sessions that end, why, and until when their tokens are refused. */
interface Ending {
  readonly ended: readonly KeptSession[];
  readonly cause: EndingCause;
}

/**
 * Sessions in Redis. What is read is decided upon here, by the same rules as in memory, and written
 * if it is as it was read; otherwise all is repeated.
 */
export class RedisSessionStore extends SessionStore {
  constructor(
    private readonly database: RedisDatabase,
    private readonly changes: Changes,
  ) {
    super();
  }

  open(order: SessionOrder): Promise<OpenedSession> {
    const { previousRefreshId } = order;
    const places = {
      keys: [...order.cutoffKeys, EVERY_ISSUER],
      subjects: [indexName(order)],
      tokens: previousRefreshId === undefined ? [] : [tokenName(previousRefreshId)],
    };
    return this.decide('open a session', places, (seen) => {
      const session = sessionOf(order, Math.max(seen.now, latestCutoffMs(seen) + 1));
      const previous = keptBy(seen, previousRefreshId);
      const replaced = previous === undefined || previous.isEnded ? [] : [previous];
      const live = keptOf(seen, order).filter(({ isLive }) => isLive);
      const beyond = live
        .filter(({ refreshId }) => refreshId !== previousRefreshId)
        .toSorted((a, b) => b.turn - a.turn)
        .slice(order.maxPerSubject - 1);
      const endings = [
        { ended: replaced, cause: causeOf('replaced', order) },
        { ended: beyond, cause: causeOf('session_limit', order) },
      ];
      const { texts, ...ended } = endAll(endings, order, seen);
      const gone = new Set([...replaced, ...beyond].map(({ name }) => name));
      const stay = live.filter(({ name }) => !gone.has(name));
      const events = [...ended.events, createdEvent(session, order.source)];
      return {
        result: { ...ended, events, session },
        change: {
          texts: [...texts, ...newTexts(seen, { order, session, stay })],
          cutoffs: seen.cutoffs,
          lastEnd: session.expiresAt.getTime(),
        },
      };
    });
  }

  refresh(order: RefreshOrder): Promise<Refreshed> {
    const places = { tokens: [tokenName(order.refreshId)] };
    return this.decide<Refreshed>('refresh a session', places, (seen) => {
      const held = keptBy(seen, order.refreshId);
      const at = new Date(seen.now);
      if (held === undefined) return { result: { ...NOTHING, outcome: 'unknown', at } };
      const outcome = outcomeOf(held, order, seen.now);
      const session = outcome === 'rotated' ? rotated(held.session, order, seen.now) : held.session;
      const ended = outcome === 'reused' ? [held] : [];
      const { texts, ...over } = endAll([{ ended, cause: causeOf('reuse', order) }], order, seen);
      const events = [
        ...refreshEvents(outcome, session, held.session.generation, order),
        ...over.events,
      ];
      const written = outcome === 'rotated' ? [rotatedText(held, session, seen.micros)] : texts;
      return {
        result: { ...over, events, outcome, session, at },
        ...((written.length > 0 || events.length > 0) && { change: { texts: written } }),
      };
    });
  }

  async end(order: EndOrder, transaction?: HostTransaction): Promise<Ended> {
    refuseTransaction(transaction);
    const places =
      'sids' in order
        ? { sessions: [...new Set(order.sids.map(sessionName))] }
        : { tokens: [tokenName(order.refreshId)] };
    return this.decide('end a session', places, (seen) => {
      const { endedBy, actor, source, reason = endedBy } = order;
      const named = namedBy(order, seen);
      const ended = named.filter(({ isEnded }) => !isEnded);
      const endedBefore = named.filter(({ isEnded }) => isEnded).map(({ session }) => session);
      const { texts, ...over } = endAll([{ ended, cause: { reason, actor, source } }], order, seen);
      return { result: { ...over, endedBefore }, ...(ended.length > 0 && { change: { texts } }) };
    });
  }

  endOthers(order: EndOthersOrder): Promise<EndedSessions | undefined> {
    return this.decide('end sessions', { subjects: [indexName(order)] }, (seen) => {
      const live = keptOf(seen, order).filter(({ isLive }) => isLive);
      const own = live.find(({ session }) => session.sid === order.sid);
      if (own === undefined) return { result: undefined };
      const ended = live.filter((one) => one !== own);
      const endings = [{ ended, cause: causeOf('logout_others', order) }];
      const { texts, ...over } = endAll(endings, order, seen);
      const events = [othersEndedEvent(order, ended.length, order.source)];
      // Its own text, too: another may be ending it meanwhile.
      const stays = { name: own.name, was: own.text, text: own.text, keptUntil: 0 };
      return { result: { ...over, events }, change: { texts: [...texts, stays] } };
    });
  }

  async list(of: SessionsOf): Promise<readonly Session[]> {
    const operation = 'list sessions';
    const seen = await look(this.database, operation, 'changes', { subjects: [indexName(of)] });
    const sessions = keptOf(seen, of)
      .filter(({ isLive }) => isLive)
      .map(({ session }) => session);
    const keys = sessions.flatMap((session) => keysOf(sessionQuery(session)));
    const { revocations } = await look(this.database, operation, 'changes', { keys });
    return newestOf(
      sessions.filter((session) => covering(revocations, sessionQuery(session)).length === 0),
    );
  }

  async find({ refreshId }: SessionByRefreshToken): Promise<Session | undefined> {
    const operation = 'find a session';
    const tokens = [tokenName(refreshId)];
    const held = keptBy(await look(this.database, operation, 'changes', { tokens }), refreshId);
    if (held?.isLive !== true) return undefined;
    const query = sessionQuery(held.session);
    const { revocations } = await look(this.database, operation, 'changes', {
      keys: keysOf(query),
    });
    return covering(revocations, query).length === 0 ? held.session : undefined;
  }

  async lastEnd(): Promise<Date | undefined> {
    const operation = 'read the last end of a session';
    const { lastEnd } = await look(this.database, operation, 'changes', {});
    return lastEnd === undefined ? undefined : new Date(lastEnd);
  }

  /** Reads, decides and writes, until nothing has changed in between. */
  private async decide<Result extends EndedSessions | undefined>(
    operation: string,
    places: Places,
    decide: (seen: Look) => Decision<Result>,
  ): Promise<Result> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const seen = await look(this.database, operation, 'changes', places);
      const { result, change } = decide(seen);
      if (result === undefined) return result;
      if (change === undefined) return { ...result, position: seen.position };
      const revocations = result.revocations.map((revocation) => addedRow(revocation));
      const all = { ...change, revocations, events: result.events, readAt: seen.now };
      try {
        const { position } = await this.changes.make(operation, all);
        return { ...result, position };
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        await sleep(Math.random() * Math.min(attempt, LONGEST_PAUSE_MS));
      }
    }
    throw new StoreUnavailableError(operation, { cause: new Error(TOO_MANY_AT_ONCE) });
  }
}

const TOO_MANY_AT_ONCE = `The same sessions were changed ${MOST_ATTEMPTS} times meanwhile.`;

const NOTHING: EndedSessions = { revocations: [], events: [], position: null };

const causeOf = (reason: EndingReason, { source }: Pick<EndingCause, 'source'>): EndingCause => ({
  reason,
  source,
});

/** With an event for each. */
function endAll(
  endings: readonly Ending[],
  { revokedSeconds }: { readonly revokedSeconds: number },
  { now }: Look,
) {
  const expiresAt = new Date(now + revokedSeconds * 1000);
  const all = endings.flatMap(({ ended, cause }) => ended.map((held) => ({ held, cause })));
  return {
    ...NOTHING,
    revocations: all.map(({ held, cause }) => sessionRevocation(held.session, expiresAt, cause)),
    events: all.map(({ held, cause }) => endedEvent(held.session, cause)),
    texts: all.map(({ held }) => endedText(held)),
  };
}

function namedBy(order: EndOrder, seen: Look): readonly KeptSession[] {
  if (!('sids' in order)) {
    const held = keptBy(seen, order.refreshId);
    return held === undefined ? [] : [held];
  }
  const { issuer, subject } = order;
  return [...seen.kept.keys()]
    .flatMap((name) => keptAt(seen, name) ?? [])
    .filter(({ session }) => session.issuer === issuer)
    .filter(({ session }) => subject === undefined || session.subject === subject);
}

/** The latest live cutoff that is an instant. */
const latestCutoffMs = ({ revocations }: Look): number =>
  Math.max(
    -Infinity,
    ...revocations.map(({ issuedBeforeMs }) => issuedBeforeMs).filter(Number.isFinite),
  );
