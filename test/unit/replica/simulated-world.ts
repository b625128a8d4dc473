import type { InstanceTime } from '../../../src/time/instance-time';
import { Replica } from '../../../src/replica/replica';
import type { Revocation } from '../../../src/revocation/revocation';
import {
  RevocationFeed,
  type Announcement,
  type FeedCursor,
  type FeedSlice,
} from '../../../src/revocation/revocation-feed';
import { StoreClock } from '../../../src/revocation/store-clock';
import { keyOf, revocationOf, settle, sliceOf } from './manual-ports';
import { sees, SimulatedStore, type Snapshot } from './simulated-store';
import type { TokenQuery } from '../../../src/tokens/scopes';
import { aboutToken } from '../../support/queries';

/** Everything happens at multiples of this, so that much happens at once, in any order. */
export const TICK_MS = 5;
export const STALENESS_MS = 100;
export const POLL_MS = 25;
const RUN_MS = 2000;
const EPOCH_MS = Date.UTC(2026, 0, 1);
const ISSUED = new Date(EPOCH_MS);

/** Logouts whose transactions are rolled back. */
export const UNDONE = ['rolled back', 'in doubt and rolled back'] as const;

/** How one call to the store ends. */
export type Outcome = 'ok' | 'fails' | 'fails halfway' | 'hangs' | 'answers late';

export type Action = { readonly at: number } & (
  | {
      readonly kind: 'logout';
      readonly way: 'remote' | 'local' | 'cluster-wide' | 'in doubt' | (typeof UNDONE)[number];
      /** From its first statement to its commit, in ticks. */
      readonly lasts: number;
      readonly rings: boolean;
      readonly shortLived: boolean;
    }
  | { readonly kind: 'ring' }
  | { readonly kind: 'request' }
  | { readonly kind: 'restart of the instance' }
  | { readonly kind: 'restart of the store' }
  | { readonly kind: 'loss of rows'; readonly count: number }
  | { readonly kind: 'pause'; readonly ticks: number }
  | { readonly kind: 'suspension'; readonly ticks: number }
  | { readonly kind: 'step of the clock'; readonly ms: number }
);

export interface Script {
  readonly actions: readonly Action[];
  /** One after the other, and again from the first. */
  readonly delays: readonly number[];
  readonly reads: readonly Outcome[];
  readonly announcements: readonly Outcome[];
  readonly order: readonly number[];
  readonly maxEntries: number;
  /** @defaultValue 2000 */
  readonly runMs?: number;
}

export type Actor = 'store' | 'instance' | 'client' | 'process' | 'clock';

/** One thing that happened in a run, for a reader. */
export interface Told {
  readonly atMs: number;
  readonly by: Actor;
  readonly what: string;
  /** Which step of a catch-up that finds nothing. */
  readonly quiet?: 'sent' | 'served' | 'applied' | 'leased';
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly runs: 'here' | 'elsewhere';
  readonly run: () => void;
}

interface LoggedOut {
  readonly revocation: Revocation;
  /** From here on memory must not allow it. */
  readonly refusedFromMs: number;
  /** From here on the store must not. */
  readonly answeredMs: number;
}

/** One instance, its clocks, the network and the store, by a script. */
export class SimulatedWorld {
  readonly violations: string[] = [];
  /** How often memory allowed a token: what the proof is about. */
  allowed = 0;
  /** How often it allowed one whose logout was answered already: within the bound. */
  allowedStale = 0;
  /** How long after the 200 of its logout a token was allowed, at most. */
  longestStaleMs = 0;
  private nowMs = 0;
  private wallOffsetMs = 0;
  private stoodStillMs = 0;
  private frozenUntilMs = 0;
  private events: Event[] = [];
  private isProbing = false;
  private loggedOut: LoggedOut[] = [];
  private readonly queries = new Map<string, TokenQuery>();
  private tokens = 0;
  private readonly turns = new Map<readonly unknown[], number>();
  private readonly store = new SimulatedStore();
  private readonly time: InstanceTime = {
    wall: () => EPOCH_MS + this.nowMs + this.wallOffsetMs,
    monotonic: () => this.nowMs - this.stoodStillMs,
    after: (delayMs, run) => {
      let isCancelled = false;
      this.at(delayMs, 'here', () => {
        if (!isCancelled) run();
      });
      return () => (isCancelled = true);
    },
  };
  private readonly clock = new StoreClock(
    () => this.time.wall(),
    () => this.time.monotonic(),
  );
  private readonly feed = new SimulatedFeed(this);
  private readonly replica: Replica;
  private readonly verdicts = new Map<number, string>();
  private readsThatCount = 0;
  private wasFrozen = false;
  private mayAnswer = false;

  /** @param told hears what happens; without it nothing is told. */
  constructor(
    private readonly script: Script,
    private readonly told: ((one: Told) => void) | null = null,
  ) {
    this.replica = new Replica(
      this.feed,
      { isRevoked: ({ absolute: [key] }) => this.lookUp(key!) },
      this.clock,
      {
        maxStalenessMs: STALENESS_MS,
        pollIntervalMs: POLL_MS,
        maxEntries: script.maxEntries,
        onError: () => undefined,
      },
      this.time,
    );
  }

  async run(): Promise<this> {
    for (const action of this.script.actions) {
      this.at(action.at * TICK_MS, 'elsewhere', () => {
        this.act(action);
      });
    }
    this.tick();
    void this.replica.start();
    await settle();
    for (let event = this.nextEvent(); event !== undefined; event = this.nextEvent()) {
      this.tellResumption();
      event.run();
      if (event.run === this.tick) continue;
      await settle();
      if (this.nowMs >= this.frozenUntilMs) this.probe();
    }
    void this.replica.stop();
    await settle();
    return this;
  }

  /** Runs in so long; what runs here waits while the instance is stopped. */
  at(delayMs: number, runs: Event['runs'], run: () => void): void {
    const order = this.turn(this.script.order);
    this.events.push({ atMs: this.nowMs + delayMs, order, runs, run });
  }

  delayMs(): number {
    return this.turn(this.script.delays) * TICK_MS;
  }

  outcome(of: 'reads' | 'announcements'): Outcome {
    return this.turn(this.script[of]);
  }

  tell(by: Actor, what: string, quiet?: Told['quiet']): void {
    this.told?.({ atMs: this.nowMs, by, what, ...(quiet && { quiet }) });
  }

  /** The store answers: what it tells, and when it says it is. */
  get database(): SimulatedStore {
    return this.store;
  }

  storeMs(): number {
    return EPOCH_MS + this.nowMs;
  }

  observe(storeMs: number): void {
    this.clock.observe(storeMs);
  }

  private readonly tick = (): void => {
    this.probe();
    this.at(TICK_MS, 'here', this.tick);
  };

  private turn<T>(list: readonly T[]): T {
    const turn = this.turns.get(list) ?? 0;
    this.turns.set(list, turn + 1);
    return list[turn % list.length]!;
  }

  private nextEvent(): Event | undefined {
    let first: Event | undefined;
    for (const event of this.events) {
      const dueMs = this.dueMs(event);
      if (dueMs > (this.script.runMs ?? RUN_MS)) continue;
      const firstMs = first === undefined ? Infinity : this.dueMs(first);
      if (dueMs < firstMs || (dueMs === firstMs && event.order < first!.order)) first = event;
    }
    if (first === undefined) return undefined;
    this.nowMs = Math.max(this.nowMs, this.dueMs(first));
    this.events.splice(this.events.indexOf(first), 1);
    return first;
  }

  private dueMs({ atMs, runs }: Event): number {
    return runs === 'here' ? Math.max(atMs, this.frozenUntilMs) : atMs;
  }

  private act(action: Action): void {
    switch (action.kind) {
      case 'logout':
        this.logOut(action);
        break;
      case 'ring':
        this.at(0, 'here', this.feed.ring);
        break;
      case 'restart of the instance':
        this.at(0, 'here', () => {
          this.tell('instance', 'stops, and starts anew');
          void this.replica.stop();
          void this.replica.start();
        });
        break;
      case 'restart of the store':
        this.store.restart();
        this.tell('store', `server ${this.store.server} takes over; nothing committed is lost`);
        break;
      case 'loss of rows':
        this.loseRows(action.count);
        break;
      case 'pause':
        this.frozenUntilMs = Math.max(this.frozenUntilMs, this.nowMs + action.ticks * TICK_MS);
        this.tell('process', `is paused until ${this.frozenUntilMs}; both its clocks go on`);
        break;
      case 'suspension':
        if (this.frozenUntilMs > this.nowMs) break;
        this.frozenUntilMs = this.nowMs + action.ticks * TICK_MS;
        this.stoodStillMs += action.ticks * TICK_MS;
        this.tell(
          'process',
          `is suspended until ${this.frozenUntilMs}; its monotonic clock stands still`,
        );
        break;
      case 'step of the clock':
        this.wallOffsetMs += action.ms;
        this.tell(
          'clock',
          `the time of day is set ${action.ms < 0 ? 'back' : 'forward'} by ${Math.abs(action.ms)} ms`,
        );
        break;
      case 'request':
        this.at(0, 'here', () => {
          this.request();
        });
    }
  }

  private logOut(action: Action & { kind: 'logout' }): void {
    const { way, shortLived } = action;
    const keptMs = shortLived ? 300 : 1_000_000;
    const revocation: Revocation = {
      ...revocationOf(++this.tokens, new Date(this.storeMs() + keptMs)),
      // A cutoff is forgotten to the millisecond.
      ...(shortLived && { scope: 'subject', issuedBefore: ISSUED }),
    };
    if (way.startsWith('in doubt'))
      this.at(0, 'here', () => {
        // The transaction is the host's, in this process.
        this.replica.doubt({ revocation, position: String(this.store.next) });
        this.tell('instance', `${nameOf(revocation.key)} is in doubt from now on`);
        this.runTransaction(revocation, action);
      });
    else this.runTransaction(revocation, action);
  }

  private runTransaction(
    revocation: Revocation,
    { way, lasts, rings }: Action & { kind: 'logout' },
  ): void {
    const xid = this.store.begin(revocation);
    const name = nameOf(revocation.key);
    this.tell('store', `transaction ${xid} begins: the logout of ${name}`);
    this.at(lasts * TICK_MS, 'elsewhere', () => {
      const isUndone = way.endsWith('rolled back');
      const isCommitted = this.store.end(revocation, isUndone ? 'rolled back' : 'committed');
      if (isCommitted) this.tell('store', `transaction ${xid} commits`);
      else if (isUndone) this.tell('store', `transaction ${xid} is rolled back`);
      else this.tell('client', `the logout of ${name} fails: its server is gone`);
      if (!isCommitted) return;
      const committedMs = this.nowMs;
      if (rings) this.at(this.delayMs(), 'here', this.feed.ring);
      if (way === 'cluster-wide') this.answerClusterWide(revocation, xid, committedMs);
      else if (way === 'local')
        this.at(this.delayMs(), 'here', () => {
          this.answerHere(revocation);
        });
      else
        this.at(this.delayMs(), 'elsewhere', () => {
          this.answer(revocation, way === 'in doubt' ? 0 : STALENESS_MS);
        });
    });
  }

  /** The 200 of a logout. */
  private answer(revocation: Revocation, staleForMs: number): void {
    if (!this.store.isRevoked(revocation.key)) return; // lost by then
    const answeredMs = this.nowMs;
    this.loggedOut.push({ revocation, answeredMs, refusedFromMs: answeredMs + staleForMs });
    const bound = `never allowed from ${answeredMs + staleForMs} on`;
    this.tell('client', `200 for the logout of ${nameOf(revocation.key)}: ${bound}`);
  }

  private answerHere(revocation: Revocation): void {
    this.replica.learn(revocation);
    this.tell('instance', `has committed the logout of ${nameOf(revocation.key)} itself: known`);
    this.answer(revocation, 0);
  }

  /** A cluster-wide logout waits for the instances, or as long as any of them may be stale. */
  private answerClusterWide(revocation: Revocation, xid: number, committedMs: number): void {
    const waited = [...this.store.members]
      .filter(([, { seenAtMs }]) => this.storeMs() - seenAtMs <= 5 * STALENESS_MS)
      .map(([instance]) => instance);
    this.tell('client', 'a cluster-wide logout waits until all instances know it, 105 ms at most');
    const look = (): void => {
      const isSeen = waited.every((instance) => {
        const snapshot = this.store.members.get(instance)?.snapshot;
        return snapshot != null && sees(snapshot, xid);
      });
      const isOver = this.nowMs - committedMs >= STALENESS_MS * 1.05;
      if (isSeen || isOver) this.answer(revocation, 0);
      else this.at(TICK_MS, 'elsewhere', look);
    };
    look();
  }

  /** What is lost is lost, except where the instance knows it. */
  private loseRows(count: number): void {
    this.store.lose(count);
    this.tell(
      'store',
      `server ${this.store.server} takes over, without the last transactions: ${count} lost`,
    );
    this.loggedOut = this.loggedOut.filter(
      ({ revocation }) => this.store.isRevoked(revocation.key) || this.ask(revocation.key) === true,
    );
  }

  /** As tokens are remembered with their question, so that the instance can note its answer there. */
  private queryFor(key: string): TokenQuery {
    const query = this.queries.get(key) ?? aboutToken([key], ISSUED);
    this.queries.set(key, query);
    return query;
  }

  private ask(key: string): unknown {
    this.isProbing = true;
    const answer = this.replica.isRevoked(this.queryFor(key));
    this.isProbing = false;
    return answer;
  }

  private isLive({ expiresAt }: Revocation): boolean {
    return expiresAt.getTime() > this.storeMs();
  }

  private probe(): void {
    for (const { revocation, answeredMs, refusedFromMs } of this.loggedOut) {
      if (!this.isLive(revocation) || this.ask(revocation.key) !== false) continue;
      this.allowedStale += 1;
      this.longestStaleMs = Math.max(this.longestStaleMs, this.nowMs - answeredMs);
      if (this.nowMs < refusedFromMs) continue;
      this.violations.push(`allowed from memory ${this.nowMs - refusedFromMs} ms too late`);
    }
    if (this.ask(keyOf(999_999)) === false) this.allowed += 1;
    if (this.told !== null) this.tellState();
  }

  /** What has changed for checks. */
  private tellState(): void {
    const { loads, catchUps, leaseAgeMs, answersFrom, isFull } = this.replica.status();
    const mayAnswer = answersFrom === 'memory';
    const instead = isFull ? 'memory is full' : 'there is no lease';
    if (loads + catchUps > this.readsThatCount && mayAnswer) {
      const untilMs = this.nowMs - (leaseAgeMs ?? 0) + STALENESS_MS;
      this.tell('instance', `lease until ${untilMs}`, 'leased');
    } else if (this.mayAnswer && !mayAnswer) {
      this.tell('instance', `${instead}: from now on the store is asked`);
    } else if (loads + catchUps > this.readsThatCount) {
      this.tell('instance', `${instead}, in spite of this read`, 'leased');
    }
    this.readsThatCount = loads + catchUps;
    this.mayAnswer = mayAnswer;
    for (let token = 1; token <= this.tokens; token += 1) this.tellVerdict(token);
  }

  private tellVerdict(token: number): void {
    const answer = this.ask(keyOf(token));
    const known = answer === true ? 'refused' : 'allowed';
    const verdict = typeof answer === 'boolean' ? `${known} from memory` : 'the store is asked';
    if (this.verdicts.get(token) === verdict) return;
    this.verdicts.set(token, verdict);
    this.tell('instance', `check of token ${token} -> ${verdict}`);
  }

  private tellResumption(): void {
    const isFrozen = this.nowMs < this.frozenUntilMs;
    if (this.wasFrozen && !isFrozen) this.tell('process', 'goes on');
    this.wasFrozen = isFrozen;
  }

  /** Requests with every token there is; the store may have to be asked. */
  private request(): void {
    const arrivedMs = this.nowMs;
    for (const { revocation, answeredMs } of this.loggedOut) {
      const answer = this.replica.isRevoked(this.queryFor(revocation.key));
      if (typeof answer === 'boolean') continue; // probed all the time
      const name = nameOf(revocation.key);
      this.tell('client', `a request with ${name}: the store is asked`);
      answer.then(
        (isRevoked) => {
          const verdict = isRevoked ? 'refused' : 'allowed';
          this.tell('instance', `the store has answered: ${name} -> ${verdict}`);
          if (isRevoked || answeredMs > arrivedMs || !this.isLive(revocation)) return;
          if (!this.store.isRevoked(revocation.key)) return; // lost
          this.violations.push('allowed by the store after its logout');
        },
        () => {
          this.tell('instance', `the store has not answered: ${name} -> 500`); // refused
        },
      );
    }
  }

  private lookUp(key: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (this.isProbing) return; // only memory is asked
      this.at(this.delayMs(), 'elsewhere', () => {
        const isRevoked = this.store.isRevoked(key);
        this.at(this.delayMs(), 'here', () => {
          if (this.outcome('reads') === 'ok') resolve(isRevoked);
          else reject(new Error('no answer'));
        });
      });
    });
  }
}

function textOf({ xmax, xip }: Snapshot): string {
  const underWay = xip.length === 0 ? 'none' : xip.join(', ');
  return `xmax ${xmax}, under way below it: ${underWay}`;
}

function listOf(revocations: readonly Revocation[]): string {
  return revocations.map(({ key }) => nameOf(key)).join(', ') || 'nothing';
}

/** The token with this key, as it is called in what is told. */
const nameOf = (key: string): string => `token ${Number.parseInt(key.slice(0, 32), 16)}`;

type Fail = (error: Error) => void;

/** The real feed's form, over a network that does what the script says. */
class SimulatedFeed extends RevocationFeed {
  readonly restMs = 5;
  private onRing: (isAwaited: boolean) => void = () => undefined;
  private underWay = new Set<Fail>();
  private reads = 0;

  constructor(private readonly world: SimulatedWorld) {
    super();
  }

  readonly ring = (): void => {
    this.onRing(true);
  };

  listen(onRing: (isAwaited: boolean) => void): void {
    this.onRing = onRing;
  }

  readonly wakenBy = 'doorbell';

  positionOf(): Promise<string> {
    return Promise.reject(new Error('the world begins its transactions itself'));
  }

  hasDecided({ snapshot }: FeedCursor, position: string): boolean {
    return sees(JSON.parse(snapshot) as Snapshot, Number(position));
  }

  waitForCluster(): Promise<void> {
    return Promise.reject(new Error('the world waits itself'));
  }

  read(since: FeedCursor | null, apply: (slice: FeedSlice) => void): Promise<FeedCursor | null> {
    const { world } = this;
    const outcome = world.outcome('reads');
    const number = (this.reads += 1);
    const kind = since === null ? 'load' : 'catch-up';
    const tell = (by: Actor, what: string, quiet?: Told['quiet']): void => {
      world.tell(by, `read ${number} ${what}`, quiet);
    };
    tell('instance', `is sent: a ${kind}`, since === null ? undefined : 'sent');
    const answer = this.call<FeedCursor | null>(outcome, (resolve, reject) => {
      const { database } = world;
      const [snapshot, server, storeMs] = [database.snapshot(), database.server, world.storeMs()];
      if (since !== null && since.server !== String(server)) {
        tell('store', `is refused: its cursor is of server ${since.server}`);
        this.arrives(() => {
          tell('instance', 'is answered: cursor and lease are dropped, what is known is kept');
          resolve(null);
        }, world.delayMs());
        return;
      }
      const read = since === null ? null : (JSON.parse(since.snapshot) as Snapshot);
      const found = database.rows(read).map(({ revocation }) => revocation);
      const half = Math.ceil(found.length / 2);
      const isQuiet = since !== null && found.length === 0;
      const served = `is served by server ${server} (${textOf(snapshot)}): ${listOf(found)}`;
      tell('store', served, isQuiet ? 'served' : undefined);
      this.arrives(() => {
        world.observe(storeMs);
        apply(sliceOf(found.slice(half)));
        if (outcome === 'fails halfway') {
          tell('instance', `is cut after its first part: ${listOf(found.slice(half))}`);
          reject(new Error('cut'));
          return;
        }
        this.arrives(() => {
          apply(sliceOf(found.slice(0, half)));
          tell('instance', 'is applied', isQuiet ? 'applied' : undefined);
          resolve({ snapshot: JSON.stringify(snapshot), server: String(server) });
        }, world.delayMs());
      }, world.delayMs());
    });
    if (outcome === 'fails' || outcome === 'hangs')
      answer.catch(() => {
        tell('instance', 'has failed');
      });
    return answer;
  }

  announce({ cursor }: Announcement): Promise<void> {
    const { world } = this;
    const outcome = world.outcome('announcements');
    return this.call(outcome, (resolve, reject) => {
      if (!world.database.members.has('here')) world.tell('instance', 'is registered');
      world.database.members.set('here', {
        snapshot: cursor === null ? null : (JSON.parse(cursor.snapshot) as Snapshot),
        seenAtMs: world.storeMs(),
      });
      this.arrives(() => {
        if (outcome === 'fails halfway') reject(new Error('cut'));
        else resolve();
      }, world.delayMs());
    });
  }

  async close(): Promise<void> {
    this.onRing = () => undefined;
    for (const fail of this.underWay) fail(new Error('closed'));
    await new Promise<void>((resolve) => {
      this.world.at(this.world.delayMs(), 'elsewhere', () => {
        this.world.database.members.delete('here');
        this.arrives(resolve, this.world.delayMs());
      });
    });
  }

  /** A call on its way to the store, where `serve` begins. */
  private call<T>(
    outcome: Outcome,
    serve: (resolve: (answer: T) => void, reject: Fail) => void,
  ): Promise<T> {
    const { world } = this;
    const isSlow = outcome === 'hangs' || outcome === 'answers late';
    const toStoreMs = world.delayMs() + (outcome === 'answers late' ? 3 * STALENESS_MS : 0);
    return new Promise<T>((resolve, reject) => {
      const fail: Fail = (error) => {
        this.underWay.delete(fail);
        reject(error);
      };
      this.underWay.add(fail);
      if (outcome === 'fails' || outcome === 'hangs') {
        const afterMs = toStoreMs + (isSlow ? 4 * STALENESS_MS : 0);
        world.at(afterMs, 'here', () => {
          fail(new Error('no answer'));
        });
        return;
      }
      world.at(toStoreMs, 'elsewhere', () => {
        serve(resolve, fail);
      });
    });
  }

  private arrives(run: () => void, inMs: number): void {
    this.world.at(inMs, 'here', run);
  }
}
