import { randomBytes } from 'node:crypto';
import type { AuditEvent } from '../../audit/audit-event';
import type { Cut } from '../../revocation/unit-of-work';
import type { RedisDatabase, Reply } from './redis-database';
import { positionOf } from './position';
import type { AddedRow } from './rows';
import { CHANGE } from './store-scripts';

const RANDOM_BYTES = 16;

/** A text of a session that is to be written if it is as it was read; empty: it was not there. */
export interface KeptText {
  readonly name: string;
  readonly was: string;
  readonly text: string;
  /** Ms since the epoch. */
  readonly keptUntil: number;
}

export interface Change {
  readonly revocations: readonly AddedRow[];
  /** Recorded in any case, behind those of revocations. */
  readonly events: readonly AuditEvent[];
  readonly texts?: readonly KeptText[];
  /** When it was read what the change rests on, in ms since the epoch. */
  readonly readAt?: number;
  /** How many cutoffs there were then, as text, where that counts. */
  readonly cutoffs?: string;
  /** When a session that is opened will be over, in ms since the epoch. */
  readonly lastEnd?: number;
}

export interface Changed extends Cut {
  readonly areNew: readonly boolean[];
  readonly position: string;
}

export const randomText = (): string => randomBytes(RANDOM_BYTES).toString('base64url');

/** Changes what is in Redis, all at once or not at all. */
export class Changes {
  readonly counts = { commits: 0, committedRevocations: 0 };

  constructor(
    private readonly database: RedisDatabase,
    private readonly mostEvents: number,
  ) {}

  /**
   * @returns `issuedBefore`: the instant of the last revocation.
   * @throws {StoreUnavailableError} whether it took effect is unknown.
   * @throws {ConflictError} it rests on what has changed; nothing was changed.
   */
  async make(operation: string, change: Change): Promise<Changed> {
    const { revocations, events, texts = [], lastEnd } = change;
    const { generation } = this.database;
    const { number, values } = await this.database.run(operation, 'changes', CHANGE, {
      ...change,
      events: events.map((event) => JSON.stringify(event)),
      texts,
      ...(lastEnd !== undefined && { lastEnd: String(lastEnd) }),
      generation,
      random: randomText(),
      mostEvents: this.mostEvents,
    });
    const [areNew, instant] = values as readonly [readonly Reply[], Reply];
    this.counts.commits += 1;
    this.counts.committedRevocations += revocations.length;
    return {
      position: positionOf(generation, number),
      areNew: areNew.map((isNew) => Number(isNew) === 1),
      issuedBefore: new Date(Number(instant)),
    };
  }
}
