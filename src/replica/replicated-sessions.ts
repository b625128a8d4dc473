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
  type SessionOrder,
  type SessionsOf,
} from '../revocation/session-store';
import type { StoreClock } from '../revocation/store-clock';
import type { CommitPosition, HostTransaction } from '../revocation/unit-of-work';
import { identifierKey } from '../tokens/identity';
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
    await this.propagation.spread([...ended.revocations, ...before], ended.position);
    return ended;
  }

  async endOthers(order: EndOthersOrder): Promise<EndedSessions | undefined> {
    const ended = await this.truth.endOthers(order);
    return ended && this.spread(ended);
  }

  list(of: SessionsOf): Promise<readonly Session[]> {
    return this.truth.list(of);
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
    await this.propagation.spread(result.revocations, result.position);
    return result;
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
    const expiresAt = new Date(this.clock.now() + revokedSeconds * 1000);
    return sessions.map(({ issuer, sid }): Revocation => {
      const key = identifierKey('session', issuer, sid);
      return { key, scope: 'session', issuedBefore: ANY_ISSUE_TIME, expiresAt };
    });
  }
}
