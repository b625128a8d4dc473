import { randomBytes, randomUUID } from 'node:crypto';
import type { AuditEvent } from '../../audit/audit-event';
import type { RefreshOrder, Session, SessionOrder } from '../../revocation/session-store';
import { identifierKey, revocationKey, type RevocationKey } from '../../tokens/identity';
import { known, type Contract } from './contract';

const ISSUER = 'https://sessions.example';
const SOURCE = { ip: '203.0.113.7', userAgent: 'Firefox', requestId: 'r-1' };
const HOUR_SECONDS = 3600;

/** What every end needs. */
export const ENDING = { revokedSeconds: HOUR_SECONDS, source: SOURCE };

/** A login of a user that is new to every store. */
export function login(changes: Partial<SessionOrder> = {}): SessionOrder {
  const names = { issuer: ISSUER, subject: randomUUID(), clientId: 'web', ...changes };
  return {
    ...ENDING,
    sid: randomBytes(16).toString('base64url'),
    refreshId: randomBytes(32).toString('hex'),
    cutoffKeys: [
      revocationKey('subject', names.issuer, names.subject),
      revocationKey('client', names.issuer, names.clientId),
      revocationKey('issuer', names.issuer),
    ],
    idleSeconds: HOUR_SECONDS,
    absoluteSeconds: 2 * HOUR_SECONDS,
    maxPerSubject: 100,
    ...names,
  };
}

/** The refresh token of that generation, presented. */
export function refreshOf(
  { refreshId }: SessionOrder,
  generation: number,
  changes: Partial<RefreshOrder> = {},
): RefreshOrder {
  return {
    ...ENDING,
    refreshId,
    generation,
    idleSeconds: HOUR_SECONDS,
    graceSeconds: 60,
    isAudited: true,
    ...changes,
  };
}

export const sessionKey = ({ issuer, sid }: Pick<Session, 'issuer' | 'sid'>): RevocationKey =>
  identifierKey('session', issuer, sid);

/** Whether its access tokens are refused. */
export const isRefused = (
  { store }: Contract,
  session: Pick<Session, 'issuer' | 'sid'>,
): boolean | Promise<boolean> => store.isRevoked({ absolute: [sessionKey(session)], cutoffs: [] });

/** What the audit has of the subject, oldest first, as it was reported. */
export async function recordedOf(
  { store }: Contract,
  subject: string,
): Promise<readonly Partial<AuditEvent>[]> {
  const { events } = await store.audit.find({ subject });
  return inOrder(events.map((event) => ({ ...event, id: undefined, occurredAt: undefined })));
}

/** In an order that tells nothing: rows of one instant have none. */
export const inOrder = (events: readonly AuditEvent[]): readonly Partial<AuditEvent>[] =>
  events.map(known).toSorted((a, b) => textOf(a).localeCompare(textOf(b)));

const textOf = (event: object): string => JSON.stringify(Object.entries(event).toSorted());
