import type { RequestSource } from '../../../audit/audit-event';
import type {
  Ended,
  EndOrder,
  EndOthersOrder,
  RefreshOrder,
  RefreshOutcome,
  SessionByRefreshToken,
  SessionOrder,
  SessionsById,
} from '../../../revocation/session-store';
import { firstRowOf } from '../../../revocation/unit-of-work';
import type { Tables } from '../connection/tables';
import type { SessionJson } from '../reads/sessions';
import { inOneMessage, jsonLiteral, jsonParameter, type Statement } from './insertions';
import { cut, sourceRow, toJson } from './json-rows';

const ENDED_BY_LENGTH = 64;

/** One of our functions, and its order as JSON. */
export interface SessionWrite {
  readonly routine: 'open_session' | 'refresh_sessions' | 'end_sessions' | 'end_other_sessions';
  readonly order: string;
  /** For how long what it ends is kept. */
  readonly revokedSeconds: number;
}

/** What a function answered, and where that stands. */
export interface SessionAnswer {
  readonly position: string | null;
  readonly answer: unknown;
}

/** What `end_sessions` tells. */
export interface EndingJson {
  readonly ended: readonly EndedJson[];
  readonly endedBefore: Ended['endedBefore'];
}

/** What `open_session` and both that end sessions tell of each that ended. */
export interface EndedJson {
  readonly session: SessionJson;
  /** Only by `open_session`. */
  readonly reason?: string;
  /** In ms since the epoch. */
  readonly refusedUntil: number;
}

export interface OpenedJson {
  readonly session: SessionJson;
  readonly ended: readonly EndedJson[];
}

/** What `refresh_sessions` tells of each order. */
export interface RefreshedJson {
  readonly outcome: RefreshOutcome | 'again';
  /** The generation before, where this order rotated or ended the session. */
  readonly was: number | null;
  readonly session: SessionJson | null;
  /** As of `EndedJson`, where this order ended it. */
  readonly refusedUntil: number | null;
}

export interface RefreshesJson {
  /** In ms since the epoch. */
  readonly at: number;
  readonly refreshed: readonly RefreshedJson[];
}

export const opening = (order: SessionOrder): SessionWrite =>
  write('open_session', order, {
    sid: order.sid,
    refresh_id: bytes(order.refreshId),
    issuer: order.issuer,
    subject: order.subject,
    client_id: order.clientId,
    device: order.device,
    cutoff_keys: order.cutoffKeys.map(bytes),
    idle_seconds: order.idleSeconds,
    absolute_seconds: order.absoluteSeconds,
    max_per_subject: order.maxPerSubject,
    previous_refresh_id: order.previousRefreshId && bytes(order.previousRefreshId),
  });

/** @param waits for other transactions that hold the sessions; else no row is returned. */
export const ending = (order: EndOrder, waits: boolean): SessionWrite =>
  write('end_sessions', order, {
    ...namesIn(order),
    waits,
    ended_by: cut(order.endedBy, ENDED_BY_LENGTH),
    reason: cut(order.reason ?? order.endedBy),
    actor: cut(order.actor),
  });

const namesIn = (order: SessionsById | SessionByRefreshToken): object =>
  'sids' in order
    ? { issuer: order.issuer, subject: order.subject, sids: order.sids }
    : { refresh_id: bytes(order.refreshId) };

export const endingOthers = (order: EndOthersOrder): SessionWrite =>
  write('end_other_sessions', order, {
    issuer: order.issuer,
    subject: order.subject,
    sid: order.sid,
  });

/** One transaction for all of them. */
export function refreshMessage(
  tables: Tables,
  orders: readonly RefreshOrder[],
  timeoutMs: number,
): string {
  const rows = orders.map((order) => ({
    refresh_id: bytes(order.refreshId),
    generation: order.generation,
    idle_seconds: order.idleSeconds,
    grace_seconds: order.graceSeconds,
    revoked_seconds: order.revokedSeconds,
    is_audited: order.isAudited,
    ...sourceRow(order.source),
  }));
  return messageOf(tables, { routine: 'refresh_sessions', order: toJson(rows) }, timeoutMs);
}

export const messageOf = (
  tables: Tables,
  { routine, order }: Pick<SessionWrite, 'routine' | 'order'>,
  timeoutMs: number,
): string =>
  inOneMessage(
    `SELECT xid, answer FROM ${tables.qualify(routine)}(${jsonLiteral(order)}); `,
    timeoutMs,
  );

/** In a transaction of the host's. The table is named for the reason that `AdditionBatch.statement` has. */
export const statementOf = (tables: Tables, { routine, order }: SessionWrite): Statement => ({
  text: `SELECT xid, answer FROM ${tables.qualify(routine)}(${jsonParameter(1)})
    WHERE NOT EXISTS (SELECT FROM ${tables.revokedTokens} WHERE false)`,
  values: [order],
});

/** @param results of a message: ours is the fourth. `undefined`: the function returned no row. */
export function answerOf(results: unknown): SessionAnswer | undefined {
  return Array.isArray(results) ? answerIn(results[3]) : undefined;
}

/** @param result of one statement. */
export function answerIn(result: unknown): SessionAnswer | undefined {
  const row = firstRowOf(result);
  if (row === undefined || !('xid' in row) || !('answer' in row)) return undefined;
  const { xid, answer } = row;
  return {
    position: typeof xid === 'string' ? xid : null,
    answer: JSON.parse(String(answer)),
  };
}

function write(
  routine: SessionWrite['routine'],
  { revokedSeconds, source }: { readonly revokedSeconds: number; readonly source: RequestSource },
  order: object,
): SessionWrite {
  const row = { ...order, revoked_seconds: revokedSeconds, ...sourceRow(source) };
  return { routine, order: toJson(row), revokedSeconds };
}

const bytes = (hex: string): string => `\\x${hex}`;
