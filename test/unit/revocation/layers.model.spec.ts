import fc from 'fast-check';
import { Replica } from '../../../src/replica/replica';
import type { Revocation } from '../../../src/revocation/revocation';
import { StoreClock } from '../../../src/revocation/store-clock';
import type { Committed, UnitOfWork } from '../../../src/revocation/unit-of-work';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { layeredAction } from '../../support/layered-actions';
import { LayeredWorld, type Action } from '../../support/layered-world';
import { ObservedStore } from '../../support/stores';
import { ManualFeed, ManualTime } from '../replica/manual-ports';

const START_MS = Date.UTC(2026, 10, 29, 12);
const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
const POLL_MS = 25;

type Step =
  | Action
  | { readonly kind: 'passing'; readonly ms: number }
  | { readonly kind: 'step of the clock'; readonly ms: number }
  | { readonly kind: 'restart' };

const time = fc.constantFrom(1, 999, SECOND_MS, 61 * SECOND_MS, 900 * SECOND_MS, DAY_MS);
const days = (max: number) => fc.integer({ min: 1, max }).map((count) => count * DAY_MS);
const steps = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: layeredAction },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('passing' as const), ms: time }) },
    fc.record({
      kind: fc.constant('passing' as const),
      ms: fc.oneof(days(12), days(12), days(70)),
    }),
    fc.record({
      kind: fc.constant('step of the clock' as const),
      ms: fc.oneof(
        fc.integer({ min: -40_000, max: 40_000 }),
        fc.integer({ min: -DAY_MS, max: DAY_MS }),
      ),
    }),
    fc.constant({ kind: 'restart' as const }),
  ),
  { minLength: 5, maxLength: 40, size: 'max' },
);

/** Keeps what was committed, for the instances to read. */
class FollowedStore extends MemoryRevocationStore {
  readonly log: Revocation[] = [];

  override async commit(work: UnitOfWork): Promise<Committed> {
    const committed = await super.commit(work);
    this.log.push(...work.revocations.map(({ revocation }) => revocation));
    return committed;
  }
}

/** An instance that answers from memory. */
class Instance {
  private running: Replica | undefined;
  private feed!: ManualFeed;
  private time!: ManualTime;
  private seen = 0;

  constructor(
    private readonly store: FollowedStore,
    private readonly clock: StoreClock,
    private readonly storeMs: () => number,
  ) {}

  /** Loads what is live, anew. */
  async start(): Promise<void> {
    await this.stop();
    this.time = new ManualTime();
    this.feed = new ManualFeed(this.clock, this.storeMs);
    const options = { maxStalenessMs: 100, pollIntervalMs: POLL_MS, maxEntries: 1000 };
    const more = { ...options, onError: () => undefined };
    this.running = new Replica(this.feed, this.store, this.clock, more, this.time);
    const started = this.running.start();
    await this.time.pass(0);
    const now = this.storeMs();
    await this.read(this.store.log.filter(({ expiresAt }) => expiresAt.getTime() >= now));
    await started;
  }

  async stop(): Promise<void> {
    await this.running?.stop();
  }

  get replica(): Replica {
    if (this.running === undefined) throw new Error('The instance was not started.');
    return this.running;
  }

  async catchUp(): Promise<void> {
    await this.time.pass(POLL_MS);
    await this.read(this.store.log.slice(this.seen));
  }

  private async read(revocations: readonly Revocation[]): Promise<void> {
    this.seen = this.store.log.length;
    await this.feed.answer(String(this.seen), ...revocations.toReversed());
  }
}

interface Seen {
  refused: number;
  accepted: number;
}

/** One store whose clock is right, and two instances whose own clock may not be. */
class Fleet {
  private storeMs = START_MS;
  private wallOffsetMs = 0;
  private readonly store = new FollowedStore(() => this.storeMs);
  private readonly clock = new StoreClock(
    () => this.storeMs + this.wallOffsetMs,
    () => this.storeMs,
  );
  /** Where everything is revoked: it knows what it has committed itself. */
  private readonly here = this.instance();
  private readonly other = this.instance();
  private readonly world: LayeredWorld;

  constructor(private readonly seen: Seen) {
    // An instance goes by its own clock, unless that is far behind the store's.
    const store = Object.assign(new ObservedStore(this.store), { clock: this.clock });
    this.world = new LayeredWorld(store, () => this.storeMs);
  }

  async run(all: readonly Step[]): Promise<void> {
    await Promise.all([this.here.start(), this.other.start()]);
    for (const step of all) {
      const committed = this.store.log.length;
      await this.take(step);
      for (const revocation of this.store.log.slice(committed)) this.here.replica.learn(revocation);
      this.expectAgreement([this.here]);
      await Promise.all([this.here.catchUp(), this.other.catchUp()]);
      // Last what is asked first in the next step: a token remembers who knew it last.
      this.expectAgreement([this.other, this.here]);
    }
    await Promise.all([this.here.stop(), this.other.stop()]);
  }

  private async take(step: Step): Promise<void> {
    if (step.kind === 'passing') this.storeMs += step.ms;
    else if (step.kind === 'step of the clock') this.wallOffsetMs = step.ms;
    else if (step.kind === 'restart') await this.other.start();
    else await this.world.act(step);
  }

  private expectAgreement(instances: readonly Instance[]): void {
    for (const { token, isRefused } of this.world.accepted()) {
      this.seen[isRefused ? 'refused' : 'accepted'] += 1;
      const verdicts = instances.map(({ replica }) => replica.known(token.keys));
      expect([this.store.isRevoked(token.keys), ...verdicts]).toEqual(
        Array(verdicts.length + 1).fill(isRefused),
      );
    }
  }

  private instance(): Instance {
    return new Instance(this.store, this.clock, () => this.storeMs);
  }
}

describe('A token that is not over is refused where a revocation of any layer covers it, and only there,', () => {
  it('by the memory store and by replicas, whatever was purged, slept or set since', async () => {
    const seen = { refused: 0, accepted: 0 };
    await fc.assert(
      fc.asyncProperty(steps, (all) => new Fleet(seen).run(all)),
      { numRuns: Number(process.env['PROOF_RUNS'] ?? 200) },
    );
    expect(Math.min(seen.refused, seen.accepted)).toBeGreaterThan(1000);
  }, 600_000);
});
