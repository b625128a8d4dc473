import type { RevocationStore } from '../revocation/revocation-store';
import type { ConnectionEnd, OpenConnection } from './open-connection';

/** A query about a key of the right form that no token has. */
const NO_TOKEN = { absolute: ['0'.repeat(64)], cutoffs: [] };

/** As many as share one statement of PostgreSQL. One batch at a time leaves room for requests. */
const BATCH = 250;
const LOOK_UPS_PER_GRACE = 4;

/**
 * Looks up the tokens of open connections while memory may not answer, and ends those that could
 * not be looked up for `graceMs`.
 */
export class TokenChecks {
  /** Whether the store tells what its memory learns. A memory that tells nothing does not count. */
  isTold = false;
  /** When memory could last answer; by the monotonic clock. */
  private memorySureMs = -Infinity;
  private nextRoundMs = -Infinity;
  private isRunning = false;
  private isReported = false;

  constructor(
    private readonly store: RevocationStore,
    private readonly connections: ReadonlySet<OpenConnection>,
    private readonly end: (connection: OpenConnection, end: ConnectionEnd) => void,
    private readonly graceMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** To be called several times a grace, while connections are open. */
  review(): void {
    if (this.memoryAnswers()) return;
    const now = performance.now();
    if (!this.isRunning && now >= this.nextRoundMs) {
      this.nextRoundMs = now + this.graceMs / LOOK_UPS_PER_GRACE;
      void this.lookUpAll();
    }
    for (const connection of this.connections)
      if (now >= this.deadlineOf(connection)) this.endUnchecked(connection);
  }

  private memoryAnswers(): boolean {
    if (!this.isTold || this.store.known(NO_TOKEN) !== false) return false;
    this.memorySureMs = performance.now();
    this.isReported = false;
    return true;
  }

  /** Those first that were not looked up for longest: a slow store comes to all of them. */
  private async lookUpAll(): Promise<void> {
    this.isRunning = true;
    const waiting = [...this.connections].sort((one, other) => one.sureMs - other.sureMs);
    let isAnswered = true;
    for (let at = 0; isAnswered && at < waiting.length && !this.memoryAnswers(); at += BATCH)
      isAnswered = await this.lookUp(waiting.slice(at, at + BATCH));
    if (isAnswered) this.isReported = false;
    this.isRunning = false;
  }

  /** @returns whether all of them were answered. */
  private async lookUp(batch: readonly OpenConnection[]): Promise<boolean> {
    const askedMs = performance.now();
    const open = batch.filter((connection) => this.connections.has(connection));
    const answers = await Promise.allSettled(
      open.map(async (connection) => {
        if (await this.store.isRevoked(connection.keys)) this.end(connection, 'revoked');
        else connection.sureMs = askedMs;
      }),
    );
    return answers.every(({ status }) => status === 'fulfilled');
  }

  /** In the second half of the grace. */
  private deadlineOf({ sureMs, share }: OpenConnection): number {
    return Math.max(this.memorySureMs, sureMs) + (this.graceMs * (1 + share)) / 2;
  }

  private endUnchecked(connection: OpenConnection): void {
    if (!this.isReported) this.onError(new Error(UNCHECKED));
    this.isReported = true;
    this.end(connection, 'unchecked');
  }
}

const UNCHECKED =
  'Nothing can tell whether the tokens of open connections are revoked: they are being closed. ' +
  'Clients may connect again once the store answers.';
