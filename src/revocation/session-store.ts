import type { AuditEvent, RequestSource } from '../audit/audit-event';
import type { RevocationKey } from '../tokens/identity';
import type { Revocation } from './revocation';
import type { CommitPosition, HostTransaction } from './unit-of-work';

/** A session of ours: what a login opened, and its refresh tokens keep alive. */
export interface Session {
  /** 22 characters of base64url; the claim `sid` of its access tokens. */
  readonly sid: string;
  readonly issuer: string;
  readonly subject: string;
  readonly clientId: string;
  /** How often its refresh token was rotated: the generation of the one that is valid now. */
  readonly generation: number;
  /** By the store's clock, and past every cutoff that was committed before. */
  readonly openedAt: Date;
  /** When it was opened or last rotated. */
  readonly rotatedAt: Date;
  /** From here on it is over, unless it is refreshed before. */
  readonly idleExpiresAt: Date;
  /** From here on it is over in any case. */
  readonly expiresAt: Date;
  /** What the host calls the device; at most 100 characters. */
  readonly device?: string;
  readonly ip?: string;
  readonly userAgent?: string;
}

/** What ends sessions keeps their revocation for this long: no access token of theirs is left then. */
interface Ending {
  readonly revokedSeconds: number;
  readonly source: RequestSource;
}

export interface SessionOrder
  extends Ending, Pick<Session, 'sid' | 'issuer' | 'subject' | 'clientId' | 'device'> {
  /** SHA-256 of the random half of its refresh tokens, in hex. */
  readonly refreshId: string;
  /** Of every cutoff that would cover it: subject, client, issuer, in this order. */
  readonly cutoffKeys: readonly RevocationKey[];
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
  /** Where the subject has more, those end that were not rotated for the longest time. */
  readonly maxPerSubject: number;
  /** `refreshId` of a session that this one replaces, of any subject: it ends. */
  readonly previousRefreshId?: string;
}

/** Sessions that ended now, and where that stands among the changes of the store. */
export interface EndedSessions {
  /** The revocation of each, as it is committed: scope `session`. */
  readonly revocations: readonly Revocation[];
  /** As of `Committed`. */
  readonly position: CommitPosition | null;
  /** What was recorded in the audit with it. */
  readonly events: readonly AuditEvent[];
}

export interface OpenedSession extends EndedSessions {
  readonly session: Session;
}

export interface RefreshOrder extends Ending {
  readonly refreshId: string;
  /** That of the refresh token that was presented, which is known to be genuine. */
  readonly generation: number;
  readonly idleSeconds: number;
  readonly graceSeconds: number;
  /** Whether rotations and replays leave rows in the audit. Reuse always does. */
  readonly isAudited: boolean;
}

/**
 * - `rotated`: the generation was the session's own, or ahead of it (a failover lost rotations); the
 *   session is one generation further than what was presented.
 * - `replayed`: one behind, within the grace after the rotation. Nothing changed.
 * - `reused`: older. This call ended the session.
 * - `ended`: it was ended before.
 * - `expired`: it was idle for too long, or as old as it may become.
 * - `unknown`: there is no session with this `refreshId`.
 */
export type RefreshOutcome = 'rotated' | 'replayed' | 'reused' | 'ended' | 'expired' | 'unknown';

export interface Refreshed extends EndedSessions {
  readonly outcome: RefreshOutcome;
  /** When that was, by the store's clock. */
  readonly at: Date;
  /** As it is afterwards; absent where the outcome is `unknown`. */
  readonly session?: Session;
}

/** Sessions by their ids: those of the issuer, and of the subject where one is given. */
export interface SessionsById {
  readonly issuer: string;
  readonly subject?: string;
  /** At most 1000. */
  readonly sids: readonly string[];
}

/** The session of a refresh token, whichever issuer's it is. */
export type SessionByRefreshToken = Pick<SessionOrder, 'refreshId'>;

interface EndCause extends Ending {
  /** What ended them, such as `logout`. At most 64 characters. */
  readonly endedBy: string;
  readonly actor?: string;
  readonly reason?: string;
}

export type EndOrder = EndCause & (SessionsById | SessionByRefreshToken);

export interface Ended extends EndedSessions {
  /** Those of the order that were ended before: this instance may not know it yet. */
  readonly endedBefore: readonly Pick<Session, 'issuer' | 'sid'>[];
}

export interface EndOthersOrder extends Ending {
  readonly issuer: string;
  readonly subject: string;
  /** The session that stays. */
  readonly sid: string;
}

export interface SessionsOf {
  readonly issuer: string;
  readonly subject: string;
}

/**
 * Where sessions live, beside the revocations: what ends one revokes it in the same commit.
 * Instants are those of the store's clock.
 *
 * Every method rejects with `StoreUnavailableError` where the store does not answer; whether a
 * change took effect is unknown then. What changes sessions rejects with `OutdatedInstanceError`
 * while an instance of an older version answers from memory; nothing was changed.
 */
export abstract class SessionStore {
  /** Inserts the session, after what it replaces and what is beyond the maximum has ended. */
  abstract open(order: SessionOrder): Promise<OpenedSession>;

  /** Of any number of calls with one generation at the same time, one rotates. */
  abstract refresh(order: RefreshOrder): Promise<Refreshed>;

  /**
   * Ends the sessions that are not ended yet, each with a row in the audit; also those that are
   * over: a token of theirs may still be accepted within the clock tolerance.
   * @param transaction the host's: what ends is over once that commits.
   * @param onPosition as of `RevocationStore.cutOff`.
   * @returns those that this call ended, and apart from them those that were ended before.
   */
  abstract end(
    order: EndOrder,
    transaction?: HostTransaction,
    onPosition?: (position: CommitPosition) => void,
  ): Promise<Ended>;

  /**
   * Ends all live sessions of the subject but one, with one row in the audit that says how many.
   * Of sessions that end each other at the same time one is left.
   * @returns `undefined`: the session that was to stay is not live; nothing changed.
   */
  abstract endOthers(order: EndOthersOrder): Promise<EndedSessions | undefined>;

  /**
   * The sessions of a subject that are neither ended nor over, and that no revocation covers, opened
   * last first; at most 1000.
   */
  abstract list(of: SessionsOf): Promise<readonly Session[]>;

  /**
   * The session of a refresh token, if it would be in the list. Only looks: nothing changes.
   * @returns `undefined`: there is none, it is ended or over, or a revocation covers it.
   */
  abstract find(of: SessionByRefreshToken): Promise<Session | undefined>;

  /** When the last of all sessions that were opened until now is over; `undefined`: there is none. */
  abstract lastEnd(): Promise<Date | undefined>;
}
