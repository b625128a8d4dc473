import { ANY_ISSUE_TIME, type Revocation } from '../revocation/revocation';
import type { CommitPosition } from '../revocation/unit-of-work';
import type { RevocationKey } from '../tokens/identity';
import type { RevocationQuery } from '../tokens/scopes';

/** Keys reviewed at once: so it takes a millisecond at most. */
const REVIEWED_AT_ONCE = 5000;

/** A revocation that may be committed at any moment, or never, without a word to this instance. */
export interface Doubt {
  readonly revocation: Revocation;
  /** Of the transaction that writes it; `null` where that is unknown. */
  readonly position: CommitPosition | null;
}

interface Held extends Doubt {
  /** How many reads had begun by then. */
  readonly readsBegun: number;
}

/** What an instance must ask the store about although its memory is current. */
export class Doubts {
  private readonly byKey = new Map<RevocationKey, readonly Held[]>();
  private reviewing = this.byKey.entries();
  private readsBegun = 0;

  /** How many keys are in doubt. */
  get size(): number {
    return this.byKey.size;
  }

  add(doubt: Doubt): void {
    const { key } = doubt.revocation;
    const { readsBegun } = this;
    const known = this.byKey.get(key) ?? [];
    // Repeated while the store is away, it would be held once more each time.
    if (doubt.position === null && known.some((one) => isHeldBy(one, doubt))) return;
    this.byKey.set(key, [...known, { ...doubt, readsBegun }]);
  }

  /** @returns the number of the read that is sent next. */
  readBegins(): number {
    return ++this.readsBegun;
  }

  /** Whether the token that is asked about may be revoked unknown to us. */
  cover({ absolute, cutoffs }: RevocationQuery): boolean {
    return (
      absolute.some((key) => this.covers(key, Infinity)) ||
      cutoffs.some(({ key, at }) => this.covers(key, at))
    );
  }

  /**
   * Ends the doubts that are over, of the next 5 000 keys.
   * @param read which of the reads has arrived.
   * @param isDecided whether that read has decided what has this position. It is asked only of
   * positions from before the read began: numbers of a server that took over meanwhile mean nothing
   * to a read that the server before it has answered.
   * @param isOver whether a doubt has ended in another way.
   */
  review(
    read: number,
    isDecided: (position: CommitPosition) => boolean,
    isOver: (revocation: Revocation) => boolean,
  ): void {
    this.endSome(
      REVIEWED_AT_ONCE,
      ({ revocation, position, readsBegun }) =>
        (position !== null && readsBegun < read && isDecided(position)) || isOver(revocation),
    );
  }

  /** Ends doubts of the next two keys: called with each addition, it keeps few that are over. */
  tidy(isOver: (revocation: Revocation) => boolean): void {
    this.endSome(2, ({ revocation }) => isOver(revocation));
  }

  private covers(key: RevocationKey, issuedAt: number): boolean {
    return this.byKey.get(key)?.some(({ revocation }) => reaches(revocation, issuedAt)) === true;
  }

  private endSome(most: number, isOver: (doubt: Held) => boolean): void {
    for (let reviewed = 0; reviewed < most; reviewed += 1) {
      const next = this.reviewing.next();
      if (next.done === true) {
        this.reviewing = this.byKey.entries();
        return;
      }
      const [key, doubts] = next.value;
      const kept = doubts.filter((doubt) => !isOver(doubt));
      if (kept.length < doubts.length) this.keep(key, kept);
    }
  }

  private keep(key: RevocationKey, doubts: readonly Held[]): void {
    if (doubts.length === 0) this.byKey.delete(key);
    else this.byKey.set(key, doubts);
  }
}

/** Whether a doubt without a position covers as much, for as long. */
function isHeldBy({ revocation, position }: Held, doubt: Doubt): boolean {
  const { issuedBefore, expiresAt } = doubt.revocation;
  return (
    position === null &&
    latest(revocation.issuedBefore) === latest(issuedBefore) &&
    revocation.expiresAt.getTime() === expiresAt.getTime()
  );
}

const reaches = ({ issuedBefore }: Revocation, issuedAt: number): boolean =>
  latest(issuedBefore) >= issuedAt;

const latest = (issuedBefore: Revocation['issuedBefore']): number =>
  issuedBefore === ANY_ISSUE_TIME ? Infinity : issuedBefore.getTime();
