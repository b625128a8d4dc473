import { isLive, type HeldSession } from '../../revocation/held-session';
import type { Session, SessionOrder, SessionsOf } from '../../revocation/session-store';
import { revocationKey } from '../../tokens/identity';
import type { KeptText } from './changes';
import type { Look } from './look';

const DAY_MS = 86_400_000;

/** A session as it was read. */
export interface KeptSession extends HeldSession {
  readonly name: string;
  /** As it stands in Redis. */
  readonly text: string;
  readonly isLive: boolean;
}

/** What is kept is named by hashes: names of hosts have any length. */
export const sessionName = (sid: string): string => `session:${revocationKey('sid', sid)}`;
/** Leads to the name of its session. */
export const tokenName = (refreshId: string): string =>
  `token:${revocationKey('refresh-id', refreshId)}`;
/** A list of the names of the sessions of a subject that were live when one was opened last. */
export const indexName = ({ issuer, subject }: SessionsOf): string =>
  `subject:${revocationKey('subject', issuer, subject)}`;

/** @returns `undefined`: it is not there. */
export function keptAt(seen: Look, name: string): KeptSession | undefined {
  const text = seen.kept.get(name);
  if (text === undefined) return undefined;
  const { refreshId, turn, isEnded, ...session } = JSON.parse(text) as Stored;
  const held: HeldSession = {
    session: {
      ...session,
      openedAt: new Date(session.openedAt),
      rotatedAt: new Date(session.rotatedAt),
      idleExpiresAt: new Date(session.idleExpiresAt),
      expiresAt: new Date(session.expiresAt),
    },
    refreshId,
    turn,
    // Of one that was opened before a loss nothing is known for sure.
    isEnded: isEnded || session.openedAt <= seen.floorMs,
  };
  return { ...held, name, text, isLive: isLive(held, seen.now) };
}

/** The session of a refresh token. */
export function keptBy(seen: Look, refreshId: string | undefined): KeptSession | undefined {
  const name = refreshId === undefined ? undefined : seen.kept.get(tokenName(refreshId));
  return name === undefined ? undefined : keptAt(seen, name);
}

/** The sessions of a subject, opened first first. */
export function keptOf(seen: Look, of: SessionsOf): readonly KeptSession[] {
  const index = seen.kept.get(indexName(of));
  if (index === undefined) return [];
  return (JSON.parse(index) as string[]).flatMap((name) => keptAt(seen, name) ?? []);
}

/** The text of a session that has ended. */
export const endedText = ({ name, text, ...held }: KeptSession): KeptText => ({
  name,
  was: text,
  text: textOf({ ...held, isEnded: true }),
  keptUntil: keptUntil(held.session),
});

/** The text of a session that was rotated. @param turn when, in µs. */
export const rotatedText = (
  { name, text, ...held }: KeptSession,
  session: Session,
  turn: number,
): KeptText => ({
  name,
  was: text,
  text: textOf({ ...held, session, turn }),
  keptUntil: keptUntil(session),
});

interface Opening {
  readonly order: SessionOrder;
  readonly session: Session;
  /** The others of the subject that stay live. */
  readonly stay: readonly KeptSession[];
}

/** The texts of a session that is opened: its own, that of its refresh token, and the index. */
export function newTexts(
  { kept, micros }: Look,
  { order, session, stay }: Opening,
): readonly KeptText[] {
  const { refreshId } = order;
  const name = sessionName(session.sid);
  const held = { session, refreshId, turn: micros, isEnded: false };
  const until = keptUntil(session);
  const index = indexName(order);
  return [
    { name, was: '', text: textOf(held), keptUntil: until },
    { name: tokenName(refreshId), was: '', text: name, keptUntil: until },
    {
      name: index,
      was: kept.get(index) ?? '',
      text: JSON.stringify([...stay.map((one) => one.name), name]),
      keptUntil: Math.max(until, ...stay.map((one) => keptUntil(one.session))),
    },
  ];
}

/** A day longer than it may live: so long it is told from one that never was. */
const keptUntil = ({ expiresAt }: Session): number => expiresAt.getTime() + DAY_MS;

/** Instants in ms since the epoch. */
type Stored = Omit<HeldSession, 'session'> & {
  readonly [Name in keyof Session]: Session[Name] extends Date ? number : Session[Name];
};

function textOf({ session, refreshId, turn, isEnded }: HeldSession): string {
  const stored: Stored = {
    ...session,
    openedAt: session.openedAt.getTime(),
    rotatedAt: session.rotatedAt.getTime(),
    idleExpiresAt: session.idleExpiresAt.getTime(),
    expiresAt: session.expiresAt.getTime(),
    refreshId,
    turn,
    isEnded,
  };
  return JSON.stringify(stored);
}
