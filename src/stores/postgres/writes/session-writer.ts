import { setTimeout } from 'node:timers/promises';
import { StoreUnavailableError } from '../../../revocation/errors';
import type { RefreshOrder } from '../../../revocation/session-store';
import type { CommitPosition, HostTransaction } from '../../../revocation/unit-of-work';
import type { PostgresConnections } from '../connection/connections';
import { failureOf, orUnavailable, PostgresError } from '../connection/postgres-error';
import type { Partitions } from '../schema/partitions';
import { CommitQueue } from './commit-queue';
import { positionWithin } from './host-transaction';
import {
  answerIn,
  answerOf,
  messageOf,
  refreshMessage,
  statementOf,
  type RefreshedJson,
  type RefreshesJson,
  type SessionAnswer,
  type SessionWrite,
} from './session-writes';

/** What came of one refresh. */
export interface RefreshAnswer {
  readonly position: string | null;
  /** In ms since the epoch. */
  readonly at: number;
  readonly refreshed: RefreshedJson;
}

const MAX_PAUSE_MS = 50;
const HELD = 'another transaction holds the session, such as one of yours that ends it';

/** Changes sessions: refreshes many in one transaction, all else in one each. */
export class SessionWriter {
  private readonly refreshes: CommitQueue<RefreshOrder, RefreshAnswer>;
  private readonly changes: CommitQueue<SessionWrite, SessionAnswer | undefined>;

  constructor(
    private readonly connections: PostgresConnections,
    private readonly partitions: Partitions,
    private readonly timeoutMs: number,
  ) {
    const expiriesOf = ({ revokedSeconds }: { readonly revokedSeconds: number }) =>
      partitions.expiriesIn(revokedSeconds);
    this.refreshes = new CommitQueue<RefreshOrder, RefreshAnswer>(
      connections,
      partitions,
      {
        message: (orders, limitMs) => refreshMessage(connections.tables, orders, limitMs),
        read: (results) => refreshAnswers(answerOf(results)),
        expiriesOf,
      },
      {
        operation: 'refresh a session',
        noun: 'refreshes',
        maxPerBatch: 64,
        maxRunning: 1,
        timeoutMs,
      },
    );
    // Each takes turns with revocations, and none waits for a transaction of the host's.
    this.changes = new CommitQueue<SessionWrite, SessionAnswer | undefined>(
      connections,
      partitions,
      {
        message: ([write], limitMs) =>
          write === undefined ? '' : messageOf(connections.tables, write, limitMs),
        read: (results) => [answerOf(results)],
        expiriesOf,
      },
      {
        operation: 'change a session',
        noun: 'changes of sessions',
        maxPerBatch: 1,
        maxRunning: 1,
        timeoutMs,
      },
    );
  }

  /** @throws {StoreUnavailableError} also where another transaction holds the session for too long. */
  refresh(order: RefreshOrder): Promise<RefreshAnswer> {
    return this.untilFree('refresh a session', HELD, async () => {
      const answer = await this.refreshes.add(order);
      return answer.refreshed.outcome === 'again' ? undefined : answer;
    });
  }

  /**
   * @throws {StoreUnavailableError} also where a cutoff of the session waits for its commit, or a
   * session that it replaces is held for too long.
   */
  open(write: SessionWrite): Promise<SessionAnswer> {
    return this.untilFree(
      'open a session',
      'a transaction that revoked its subject, client or issuer, or that holds a session which it ' +
        'replaces, has not ended: open the session after that has committed',
      () => this.changes.add(write),
    );
  }

  /** @throws {StoreUnavailableError} also where another transaction holds a session for too long. */
  end(write: SessionWrite): Promise<SessionAnswer> {
    return this.untilFree('end sessions', HELD, () => this.changes.add(write));
  }

  /** In a transaction of the host's, with its own time limits. */
  async changeWithin(
    transaction: HostTransaction,
    write: SessionWrite,
    onPosition: (position: CommitPosition) => void,
  ): Promise<SessionAnswer> {
    const operation = 'change a session';
    // Beforehand: an insert that fails for want of a partition would abort the transaction.
    await orUnavailable(operation, this.timeoutMs, () =>
      this.partitions.makeFor(this.partitions.expiriesIn(write.revokedSeconds)),
    );
    try {
      onPosition(await positionWithin(transaction));
      const { text, values } = statementOf(this.connections.tables, write);
      const answer = answerIn(await transaction.query(text, values));
      if (answer !== undefined) return answer;
      throw new PostgresError('the server did not say what it changed');
    } catch (error) {
      throw failureOf(operation, error);
    }
  }

  /** Asks again, at most for the time limit, where nothing could be done yet. */
  private async untilFree<T>(
    operation: string,
    blocked: string,
    ask: () => Promise<T | undefined>,
  ): Promise<T> {
    const deadline = performance.now() + this.timeoutMs;
    for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (performance.now() + pauseMs >= deadline)
        throw new StoreUnavailableError(operation, { cause: new PostgresError(blocked) });
      await setTimeout(pauseMs * (0.5 + Math.random())); // so that two do not meet each time
    }
  }
}

function refreshAnswers(answer: SessionAnswer | undefined): readonly RefreshAnswer[] {
  if (answer === undefined) throw new PostgresError('the server did not say what it refreshed');
  const { at, refreshed } = answer.answer as RefreshesJson;
  return refreshed.map((one) => ({ position: answer.position, at, refreshed: one }));
}
