import { FAULTS, STALENESS_MS, TICK_MS, type Fault } from './relay-world';
import { seededRandom, type Chance } from './seeded-random';

const TICKS = 360;
const FOLLOWERS = 3;
const BOUND = STALENESS_MS / TICK_MS;

/** How an instance would go by what a Redis holds, with no database behind it. */
export interface Design {
  /** What makes it read everything again. */
  readonly begins: 'at another run_id' | 'at another random under its number';
  /** Whether a logout is answered only once a replica has it (`WAIT 1`). */
  readonly waits: boolean;
}

interface Entry {
  readonly token: number;
  readonly id: number;
  readonly random: number;
}

interface Server {
  log: readonly Entry[];
  past: (readonly Entry[])[];
  runId: number;
  isPrimary: boolean;
  isAlive: boolean;
}

interface Instance {
  server: Server;
  readonly known: Set<number>;
  cursor: {
    readonly runId: number;
    readonly last: Entry | undefined;
    readonly count: number;
  } | null;
  leaseEnds: number;
}

/**
 * Designs that were given up: logouts are written to a Redis, and a lease rests on a read of it that
 * succeeded. @returns whether one was accepted `maxStalenessMs` after its 200.
 */
export function isBroken(design: Design, seed: number, faults: readonly Fault[] = FAULTS): boolean {
  const world = new RedisAlone(design, seededRandom(seed), faults);
  for (let tick = 0; tick < TICKS; tick += 1) if (world.tick(tick)) return true;
  return false;
}

class RedisAlone {
  private readonly a: Server = { log: [], past: [], runId: 1, isPrimary: true, isAlive: true };
  private readonly b: Server = { log: [], past: [], runId: 2, isPrimary: false, isAlive: true };
  private current = this.a;
  private areLinked = true;
  private splitEnds = -1;
  private numbers = 2;
  private readonly answered: { readonly token: number; readonly at: number }[] = [];
  private readonly instances: readonly Instance[] = Array.from({ length: FOLLOWERS }, () => ({
    server: this.a,
    known: new Set<number>(),
    cursor: null,
    leaseEnds: -1,
  }));

  constructor(
    private readonly design: Design,
    private readonly chance: Chance,
    private readonly faults: readonly Fault[],
  ) {}

  tick(tick: number): boolean {
    this.replicate();
    if (tick > 40 && this.chance.is(0.02)) this.happen(this.chance.oneOf(this.faults), tick);
    if (tick === this.splitEnds) this.heal();
    if (this.chance.is(0.15)) this.logOut(this.chance.oneOf(this.instances), tick);
    for (const instance of this.instances)
      if (this.chance.is(0.4) && instance.server.isAlive) this.read(instance, tick);
    return this.answered.some(
      ({ token, at }) =>
        tick >= at + BOUND &&
        this.instances.some(({ leaseEnds, known }) => tick < leaseEnds && !known.has(token)),
    );
  }

  private logOut(instance: Instance, tick: number): void {
    const { server, known } = instance;
    if (!server.isAlive || !server.isPrimary) return;
    const token = ++this.numbers;
    const last = server.log.at(-1)?.id ?? 0;
    const entry = { token, id: Math.max(tick, last + 0.001), random: ++this.numbers };
    server.log = [...server.log, entry];
    const replica = server === this.a ? this.b : this.a;
    const isReplicated = this.areLinked && replica.isAlive && !replica.isPrimary;
    if (this.design.waits && !isReplicated) return; // not answered
    if (this.design.waits) replica.log = server.log;
    known.add(token);
    this.answered.push({ token, at: tick });
  }

  private read(instance: Instance, tick: number): void {
    const { log, runId } = instance.server;
    const { cursor } = instance;
    const isKnown =
      cursor !== null &&
      (this.design.begins === 'at another run_id'
        ? cursor.runId === runId
        : cursor.last === log[cursor.count - 1]);
    const lastId = cursor?.last?.id ?? -1;
    const news =
      this.design.begins === 'at another run_id'
        ? log.filter(({ id }) => id > lastId)
        : log.slice(cursor?.count);
    for (const { token } of isKnown ? news : log) instance.known.add(token);
    instance.cursor = { runId, last: log.at(-1) ?? cursor?.last, count: log.length };
    instance.leaseEnds = tick + BOUND;
  }

  private replicate(): void {
    for (const server of [this.a, this.b]) {
      server.past.push(server.log);
      const primary = server === this.a ? this.b : this.a;
      if (this.areLinked && primary.isPrimary && !server.isPrimary && this.chance.is(0.35))
        server.log = primary.log;
    }
  }

  private happen(fault: Fault, tick: number): void {
    const { current, b } = this;
    if (fault === 'flush') current.log = [];
    if (fault === 'lost tail') {
      current.log = current.past.at(-1 - this.chance.upTo(8)) ?? [];
      current.runId = ++this.numbers;
    }
    if (fault === 'replica address' && !b.isPrimary) this.chance.oneOf(this.instances).server = b;
    if (current === b || (fault !== 'failover' && fault !== 'two primaries')) return;
    b.isPrimary = true;
    this.current = b;
    if (fault === 'failover') {
      this.a.isAlive = false;
      for (const instance of this.instances) instance.server = b;
    } else {
      this.areLinked = false;
      this.splitEnds = tick + 10 + this.chance.upTo(80);
      for (const instance of this.instances) if (this.chance.is(0.5)) instance.server = b;
    }
  }

  private heal(): void {
    this.a.isPrimary = false;
    this.a.log = this.b.log;
    this.areLinked = true;
    for (const instance of this.instances) instance.server = this.b;
  }
}
