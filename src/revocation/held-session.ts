import type { RefreshOrder, RefreshOutcome, Session, SessionOrder } from './session-store';

const MOST_LISTED = 1000;

/** A session as a store without SQL keeps it. */
export interface HeldSession {
  session: Session;
  readonly refreshId: string;
  /** Higher than that of every session that was opened or rotated before. */
  turn: number;
  isEnded: boolean;
}

export function sessionOf(order: SessionOrder, openedMs: number): Session {
  const { sid, issuer, subject, clientId, device } = order;
  const { ip, userAgent } = order.source;
  const openedAt = new Date(openedMs);
  const expiresMs = openedMs + order.absoluteSeconds * 1000;
  return {
    sid,
    issuer,
    subject,
    clientId,
    generation: 0,
    openedAt,
    rotatedAt: openedAt,
    idleExpiresAt: new Date(Math.min(openedMs + order.idleSeconds * 1000, expiresMs)),
    expiresAt: new Date(expiresMs),
    ...(device !== undefined && { device }),
    ...(ip !== undefined && { ip }),
    ...(userAgent !== undefined && { userAgent }),
  };
}

export function isLive({ isEnded, session }: HeldSession, now: number): boolean {
  return !isEnded && session.idleExpiresAt.getTime() > now && session.expiresAt.getTime() > now;
}

/** As a list of them begins: opened last first, and at most 1000. */
export function newestOf(sessions: readonly Session[]): readonly Session[] {
  // Of those that were opened in one millisecond, the last one comes first, too.
  return sessions
    .toReversed()
    .toSorted((a, b) => b.openedAt.getTime() - a.openedAt.getTime())
    .slice(0, MOST_LISTED);
}

/** What becomes of a refresh token that is presented now. */
export function outcomeOf(
  held: HeldSession,
  { generation, graceSeconds }: RefreshOrder,
  now: number,
): RefreshOutcome {
  const { session, isEnded } = held;
  if (isEnded) return 'ended';
  if (!isLive(held, now)) return 'expired';
  if (generation >= session.generation) return 'rotated';
  const isWithinGrace = session.rotatedAt.getTime() + graceSeconds * 1000 > now;
  return generation === session.generation - 1 && isWithinGrace ? 'replayed' : 'reused';
}

/** The session after its refresh token of this order was rotated. */
export function rotated(
  session: Session,
  { generation, idleSeconds }: RefreshOrder,
  now: number,
): Session {
  return {
    ...session,
    generation: generation + 1,
    rotatedAt: new Date(now),
    idleExpiresAt: new Date(Math.min(now + idleSeconds * 1000, session.expiresAt.getTime())),
  };
}
