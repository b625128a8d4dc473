import { identifierKey, revocationKey, type RevocationKey } from '../tokens/identity';
import type { RevocationQuery } from '../tokens/scopes';
import type { Session } from './session-store';

/** The keys of all cutoffs that cover a session, in the order in which a store locks them. */
export function cutoffKeysOf({
  issuer,
  subject,
  clientId,
}: Pick<Session, 'issuer' | 'subject' | 'clientId'>): readonly RevocationKey[] {
  return [
    revocationKey('subject', issuer, subject),
    revocationKey('client', issuer, clientId),
    revocationKey('issuer', issuer),
  ];
}

/** Whether a session is over by any revocation. */
export function sessionQuery(session: Session): RevocationQuery {
  const at = session.openedAt.getTime();
  return {
    absolute: [identifierKey('session', session.issuer, session.sid)],
    cutoffs: cutoffKeysOf(session).map((key) => ({ key, at })),
  };
}
