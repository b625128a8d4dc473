import { StoreUnavailableError } from '../../revocation/errors';
import { sliceOf } from '../../revocation/feed-slice';
import {
  checkSearch,
  filterOf,
  newestFirst,
  pageOf,
  type LiveRevocation,
  type PlacedRevocation,
  type RevocationPage,
  type RevocationSearch,
} from '../../revocation/live-revocations';
import { ANY_ISSUE_TIME, type CutoffOrder, type Revocation } from '../../revocation/revocation';
import type { FeedSlice } from '../../revocation/revocation-feed';
import { RevocationStore } from '../../revocation/revocation-store';
import { StoreClock } from '../../revocation/store-clock';
import type { StoreStatus } from '../../revocation/store-status';
import type { RevocationKey } from '../../tokens/identity';
import type { RevocationQuery } from '../../tokens/scopes';
import { checkLookup, checkOrder, checkWork } from '../../revocation/revocation-form';
import type { AuditEvent } from '../../audit/audit-event';
import type { Committed, Cut, HostTransaction, UnitOfWork } from '../../revocation/unit-of-work';
import { MemoryAuditTrail } from './audit-trail.memory';
import { refuseTransaction } from './refuse-transaction';
import { MemorySessionStore, type SurroundingStore } from './session-store.memory';

/** How often expired revocations are looked for, at most: a whole walk costs a millisecond or so. */
const PURGE_EVERY_MS = 60_000;

/**
 * Revocations of one process that may be forgotten when it ends: for tests, examples and services
 * that run as a single instance. Nothing is shared with other processes.
 */
export class MemoryRevocationStore extends RevocationStore {
  readonly audit: MemoryAuditTrail;
  readonly clock: StoreClock;
  readonly sessions = new MemorySessionStore(this.surroundings());
  private readonly held = new Map<string, PlacedRevocation[]>();
  private nextPurge = 0;
  private lastInstant = 0;
  private readonly counts = { lookUps: 0, commits: 0, revocations: 0 };
  private readonly watchers: ((learned: FeedSlice) => void)[] = [];
  private isClosed = false;

  /** @param clock milliseconds since the epoch; decides about expiry and dates the audit. */
  constructor(clock: () => number = () => Date.now()) {
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
    refuseTransaction(transaction);
    checkWork(work);
    this.refuseWhenClosed('add a revocation');
    const areNew = this.holdAll(work.revocations.map(({ revocation }) => revocation));
    const told = work.revocations.filter((_, at) => areNew[at]).map(({ event }) => event);
    for (const event of [...told, ...work.events]) this.audit.record(event);
    return { areNew, position: null };
  }

  /** @throws {TypeError} a transaction was given. */
  async cutOff(order: CutoffOrder, event: AuditEvent, transaction?: HostTransaction): Promise<Cut> {
    checkOrder(order, event);
    const issuedBefore = new Date(Math.floor(this.clock.now()));
    const work = { revocations: [{ revocation: { ...order, issuedBefore }, event }], events: [] };
    await this.commit(work, transaction);
    return { issuedBefore, position: null };
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

  async find(search: RevocationSearch): Promise<RevocationPage> {
    await Promise.resolve();
    const checked = checkSearch(search);
    this.refuseWhenClosed('find revocations');
    const found = this.live([...this.held.values()].flat()).filter(filterOf(checked));
    return pageOf(
      found,
      checked.limit,
      ({ revocation }) => revocation,
      (held) => held,
    );
  }

  async explain(query: RevocationQuery): Promise<readonly LiveRevocation[]> {
    await Promise.resolve();
    checkLookup(query);
    this.refuseWhenClosed('explain a verdict');
    return this.live(this.covering(query)).map(({ revocation }) => revocation);
  }

  private covers(query: RevocationQuery): boolean {
    const now = this.clock.now();
    return this.covering(query).some(({ expiresAtMs }) => expiresAtMs >= now);
  }

  private covering({ absolute, cutoffs }: RevocationQuery): readonly PlacedRevocation[] {
    const heldOf = (key: RevocationKey, at: number): readonly PlacedRevocation[] =>
      this.held.get(key)?.filter(({ issuedBeforeMs }) => issuedBeforeMs >= at) ?? [];
    return [
      ...absolute.flatMap((key) => heldOf(key, Infinity)),
      ...cutoffs.flatMap(({ key, at }) => heldOf(key, at)),
    ];
  }

  /** Newest first. */
  private live(held: readonly PlacedRevocation[]): readonly PlacedRevocation[] {
    const now = this.clock.now();
    return held.filter(({ expiresAtMs }) => expiresAtMs >= now).toSorted(newestFirst);
  }

  override watch(onLearned: (learned: FeedSlice) => void): boolean {
    this.watchers.push(onLearned);
    return true;
  }

  status(): StoreStatus {
    return {
      skewMs: 0,
      directLookUps: this.counts.lookUps,
      commits: this.counts.commits,
      committedRevocations: this.counts.revocations,
      feed: null,
      replica: null,
      isBehindBroker: false,
      relay: null,
    };
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  /** @returns for each whether it is new. */
  private holdAll(revocations: readonly Revocation[]): readonly boolean[] {
    this.purgeNowAndThen();
    this.counts.commits += 1;
    this.counts.revocations += revocations.length;
    return revocations.map((revocation) => this.hold(revocation));
  }

  private surroundings(): SurroundingStore {
    return {
      now: () => this.clock.now(),
      refuseWhenClosed: (operation) => {
        this.refuseWhenClosed(operation);
      },
      latestCutoffMs: (keys) =>
        Math.max(
          -Infinity,
          ...this.live(keys.flatMap((key) => this.held.get(key) ?? []))
            .map(({ issuedBeforeMs }) => issuedBeforeMs)
            .filter(Number.isFinite),
        ),
      covers: (query) => this.covers(query),
      take: (revocations, events) => {
        this.holdAll(revocations);
        for (const event of events) this.audit.record(event);
      },
    };
  }

  private hold(revocation: Revocation): boolean {
    const { key: id } = revocation;
    const added = heldOf(revocation, this.nextInstant());
    const known = this.held.get(id) ?? [];
    if (known.some((one) => isSame(one, added))) return false;
    this.held.set(id, [...known, added]);
    for (const tell of this.watchers) tell(sliceOf(revocation));
    return true;
  }

  /** In µs, and later than any before: pages need an order, and a clock has steps. */
  private nextInstant(): number {
    this.lastInstant = Math.max(Math.floor(this.clock.now()) * 1000, this.lastInstant + 1);
    return this.lastInstant;
  }

  private purgeNowAndThen(): void {
    const now = this.clock.now();
    if (now < this.nextPurge) return;
    this.nextPurge = now + PURGE_EVERY_MS;
    this.sessions.purge(now);
    for (const [id, known] of this.held) {
      const live = known.filter(({ expiresAtMs }) => expiresAtMs >= now);
      if (live.length === 0) this.held.delete(id);
      else this.held.set(id, live);
    }
  }

  private refuseWhenClosed(operation: string): void {
    if (this.isClosed) throw new StoreUnavailableError(operation);
  }
}

function heldOf(revocation: Revocation, microseconds: number): PlacedRevocation {
  const { key, issuedBefore, expiresAt } = revocation;
  return {
    microseconds,
    key,
    issuedBeforeMs: issuedBefore === ANY_ISSUE_TIME ? Infinity : issuedBefore.getTime(),
    expiresAtMs: expiresAt.getTime(),
    revocation: { ...revocation, revokedAt: new Date(Math.floor(microseconds / 1000)) },
  };
}

const isSame = (a: PlacedRevocation, b: PlacedRevocation): boolean =>
  a.issuedBeforeMs === b.issuedBeforeMs && a.expiresAtMs === b.expiresAtMs;
