import { StoreUnavailableError } from '../../revocation/errors';
import { ANY_ISSUE_TIME, type Revocation } from '../../revocation/revocation';
import { RevocationStore } from '../../revocation/revocation-store';
import { StoreClock } from '../../revocation/store-clock';
import type { StoreStatus } from '../../revocation/store-status';
import type { RevocationKey } from '../../tokens/identity';
import type { RevocationQuery } from '../../tokens/scopes';
import { checkLookup, checkWork } from '../../revocation/revocation-form';
import type { Committed, HostTransaction, UnitOfWork } from '../../revocation/unit-of-work';
import { MemoryAuditTrail } from './audit-trail.memory';

/** How often expired revocations are looked for, at most: a whole walk costs a millisecond or so. */
const PURGE_EVERY_MS = 60_000;

interface Held {
  readonly issuedBefore: number;
  readonly expiresAt: number;
}

/**
 * Revocations of one process that may be forgotten when it ends: for tests, examples and services
 * that run as a single instance. Nothing is shared with other processes.
 */
export class MemoryRevocationStore extends RevocationStore {
  readonly audit: MemoryAuditTrail;
  readonly clock: StoreClock;
  private readonly held = new Map<string, Held[]>();
  private nextPurge = 0;
  private readonly counts = { lookUps: 0, additions: 0 };
  private isClosed = false;

  /** @param clock milliseconds since the epoch; decides about expiry and dates the audit. */
  constructor(clock: () => number = Date.now) {
    super();
    this.clock = new StoreClock(clock);
    this.audit = new MemoryAuditTrail(clock, () => this.isClosed);
  }

  open(): Promise<void> {
    this.isClosed = false;
    return Promise.resolve();
  }

  /** @throws {TypeError} a transaction was given: memory cannot join one. */
  async commit(work: UnitOfWork, transaction?: HostTransaction): Promise<Committed> {
    await Promise.resolve();
    if (transaction !== undefined) {
      throw new TypeError(
        'nestjs-logout: MemoryRevocationStore cannot join a transaction; use the Postgres store.',
      );
    }
    checkWork(work);
    this.refuseWhenClosed('add a revocation');
    this.purgeNowAndThen();
    const areNew = work.revocations.map(({ revocation }) => this.hold(revocation));
    const told = work.revocations.filter((_, at) => areNew[at]).map(({ event }) => event);
    for (const event of [...told, ...work.events]) this.audit.record(event);
    this.counts.additions += told.length;
    return { areNew, position: null };
  }

  isRevoked(query: RevocationQuery): boolean | Promise<boolean> {
    checkLookup(query);
    this.counts.lookUps += 1;
    this.refuseWhenClosed('look up a token');
    return this.covers(query);
  }

  known(query: RevocationQuery): boolean | undefined {
    return this.isClosed ? undefined : this.covers(query);
  }

  private covers({ absolute, cutoffs }: RevocationQuery): boolean {
    const now = this.clock.now();
    const isCovered = (key: RevocationKey, at: number): boolean =>
      this.held.get(key)?.some((one) => one.issuedBefore >= at && one.expiresAt >= now) === true;
    return (
      absolute.some((key) => isCovered(key, Infinity)) ||
      cutoffs.some(({ key, at }) => isCovered(key, at))
    );
  }

  status(): StoreStatus {
    return {
      skewMs: 0,
      directLookUps: this.counts.lookUps,
      commits: this.counts.additions,
      committedRevocations: this.counts.additions,
      feed: null,
      replica: null,
    };
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  private hold(revocation: Revocation): boolean {
    const { key: id } = revocation;
    const added = heldOf(revocation);
    const known = this.held.get(id) ?? [];
    if (known.some((one) => isSame(one, added))) return false;
    this.held.set(id, [...known, added]);
    return true;
  }

  private purgeNowAndThen(): void {
    const now = this.clock.now();
    if (now < this.nextPurge) return;
    this.nextPurge = now + PURGE_EVERY_MS;
    for (const [id, known] of this.held) {
      const live = known.filter(({ expiresAt }) => expiresAt >= now);
      if (live.length === 0) this.held.delete(id);
      else this.held.set(id, live);
    }
  }

  private refuseWhenClosed(operation: string): void {
    if (this.isClosed) throw new StoreUnavailableError(operation);
  }
}

const heldOf = ({ issuedBefore, expiresAt }: Revocation): Held => ({
  issuedBefore: issuedBefore === ANY_ISSUE_TIME ? Infinity : issuedBefore.getTime(),
  expiresAt: expiresAt.getTime(),
});

const isSame = (a: Held, b: Held): boolean =>
  a.issuedBefore === b.issuedBefore && a.expiresAt === b.expiresAt;
