import { OutdatedInstanceError } from '../revocation/errors';
import { ANY_ISSUE_TIME, type Revocation } from '../revocation/revocation';
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
} from '../revocation/session-store';
import type { StoreClock } from '../revocation/store-clock';
import type { CommitPosition, HostTransaction } from '../revocation/unit-of-work';
import { identifierKey, revocationKey } from '../tokens/identity';
import type { Propagation } from './propagation';

/** The sessions of a store; instances learn which of them ended as they learn every revocation. */
export class ReplicatedSessions extends SessionStore {
  constructor(
    private readonly truth: SessionStore,
    private readonly clock: StoreClock,
    private readonly propagation: Propagation,
  ) {
    super();
  }

  async open(order: SessionOrder): Promise<OpenedSession> {
    return this.spread(await this.truth.open(order));
  }

  async refresh(order: RefreshOrder): Promise<Refreshed> {
    return this.spread(await this.truth.refresh(order));
  }

  async end(order: EndOrder, transaction?: HostTransaction): Promise<Ended> {
    if (transaction !== undefined)
      return this.truth.end(order, transaction, (position) => {
        this.doubt(order, position);
      });
    const ended = await this.attempt(order);
    // Another instance may have ended them: this one may not have read that yet.
    const before = this.revocationsOf(ended.endedBefore, order);
    await this.spread({ ...ended, revocations: [...ended.revocations, ...before] });
    return ended;
  }

  async endOthers(order: EndOthersOrder): Promise<EndedSessions | undefined> {
    const ended = await this.truth.endOthers(order);
    if (ended === undefined) return undefined;
    const { revocations, position } = ended;
    // An earlier call, whose answer was lost, may have ended some elsewhere: until a read has brought
    // them, the store is asked about all of the subject.
    this.propagation.doubt([this.allOf(order)], position);
    await this.propagation.spread(revocations, position);
    return ended;
  }

  list(of: SessionsOf): Promise<readonly Session[]> {
    return this.truth.list(of);
  }

  find(of: SessionByRefreshToken): Promise<Session | undefined> {
    return this.truth.find(of);
  }

  lastEnd(): Promise<Date | undefined> {
    return this.truth.lastEnd();
  }

  private async attempt(order: EndOrder): Promise<Ended> {
    try {
      return await this.truth.end(order);
    } catch (error) {
      // Its answer may be all that was lost. The position was in the answer.
      if (!(error instanceof OutdatedInstanceError)) this.doubt(order, null);
      throw error;
    }
  }

  private async spread<Result extends EndedSessions>(result: Result): Promise<Result> {
    const { revocations, position } = result;
    if (revocations.length > 0) await this.propagation.spread(revocations, position);
    return result;
  }

  private allOf({ issuer, subject, revokedSeconds }: EndOthersOrder): Revocation {
    const key = revocationKey('subject', issuer, subject);
    return { key, scope: 'subject', ...this.always(revokedSeconds) };
  }

  private doubt(order: EndOrder, position: CommitPosition | null): void {
    // Which session a refresh token is of, the store alone knows.
    if (!('sids' in order)) return;
    const { issuer, sids } = order;
    const named = sids.map((sid) => ({ issuer, sid }));
    this.propagation.doubt(this.revocationsOf(named, order), position);
  }

  private revocationsOf(
    sessions: Ended['endedBefore'],
    { revokedSeconds }: Pick<EndOrder, 'revokedSeconds'>,
  ): readonly Revocation[] {
    return sessions.map(({ issuer, sid }): Revocation => {
      const key = identifierKey('session', issuer, sid);
      return { key, scope: 'session', ...this.always(revokedSeconds) };
    });
  }

  /** Of tokens of every age, for as long as what ends now is revoked. */
  private always(revokedSeconds: number): Pick<Revocation, 'issuedBefore' | 'expiresAt'> {
    const expiresAt = new Date(this.clock.now() + revokedSeconds * 1000);
    return { issuedBefore: ANY_ISSUE_TIME, expiresAt };
  }
}
