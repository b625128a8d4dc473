/**
 * `node dist/bench/known-revocations.js [--rounds 5] [--json]`, once `tsc -p bench/tsconfig.json`
 * has built it: what a replica's memory costs with a thousand, a million and ten million live
 * revocations of tokens. Each figure of a round comes from a process of its own, so that RSS tells.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes, randomFillSync, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { KnownRevocations } from '../src/replica/known-revocations';
import { PREFIX_BYTES, type AbsoluteGroup } from '../src/revocation/revocation-feed';
import { tokenKeys } from '../src/tokens/token-keys';
import { goalsOf, table } from './report';
import { measure, percentile, ratio, type Measure } from './statistics';

const FEW = 1000;
const MILLION = 1_000_000;
const TEN_MILLION = 10 * MILLION;

const MINUTE_MS = 60_000;
const MINUTES_OF_DAY = 1440;
/** What the feed hands over at once. */
const SLICE = 4000;
const GROUPS_IN_SLICE = 8;
const KEY_BYTES = 32;
/** So many that what a look-up brings into the processor's caches is gone before it recurs. */
const ASKED = 500_000;
/** A replica does it twice a second. */
const FORGETS_PER_MINUTE = 10;

const ENOUGH_BYTES = { goal: { atMost: 32 } };
const HALF_A_SECOND = { goal: { atMost: 500 } };
const ENOUGH_MS = { goal: { atMost: 10 } };
const ENOUGH_NS = { goal: { atMost: 1000 } };
const AT_MOST_HALF_MORE = { atMost: 1.5 };

/** How long calls took. */
class Stopwatch {
  private readonly timesMs: number[] = [];

  time(call: () => void): void {
    const began = performance.now();
    call();
    this.timesMs.push(performance.now() - began);
  }

  get total(): number {
    return this.timesMs.reduce((sum, ms) => sum + ms, 0);
  }

  /** The slowest of all, and of all but one in a thousand. */
  get slowest(): { readonly slowestMs: number; readonly mostMs: number } {
    return { slowestMs: Math.max(...this.timesMs), mostMs: percentile(this.timesMs, 99.9) };
  }
}

/** Logouts as they come, of tokens that expire at any time within 24 hours. */
class Days {
  readonly known = new KnownRevocations(Infinity);
  readonly applying = new Stopwatch();
  readonly passing = new Stopwatch();
  private readonly first: Buffer;
  private taken = 0;
  /** Used again and again: garbage would be counted as memory of the set. */
  private readonly buffers = Array.from({ length: GROUPS_IN_SLICE }, () =>
    Buffer.alloc(Math.ceil(SLICE / GROUPS_IN_SLICE) * PREFIX_BYTES),
  );
  private now = Date.now();
  private readonly expiring = new Map<number, number>();

  constructor(kept = ASKED) {
    this.first = Buffer.alloc(kept * PREFIX_BYTES, 1); // written to, so that it is there already
  }

  /** @param share at what share of the coming 24 hours one expires. */
  logOut(count: number, share = Math.random): void {
    for (let left = count; left > 0; left -= SLICE) {
      const tokens = this.groups(Math.min(left, SLICE), share);
      this.applying.time(() => {
        this.known.apply({ absolute: tokens, cutoffs: [] });
      });
    }
  }

  /** 24 hours in which as many are revoked as expire: each lives for half a day on average. */
  pass(live: number): void {
    for (let minute = 0; minute < MINUTES_OF_DAY; minute += 1) {
      this.now += MINUTE_MS;
      this.logOut(Math.ceil((2 * live) / MINUTES_OF_DAY));
      for (let count = 0; count < FORGETS_PER_MINUTE; count += 1)
        this.passing.time(() => {
          this.known.forget(new Date(this.now));
        });
    }
  }

  /** Prefixes of those that were revoked first. */
  get revokedFirst(): Buffer {
    return this.first.subarray(0, this.taken);
  }

  get live(): number {
    const live = [...this.expiring].filter(([instant]) => instant > this.now);
    return live.reduce((sum, [, count]) => sum + count, 0);
  }

  private groups(count: number, share: () => number): AbsoluteGroup[] {
    return this.buffers.map((buffer) => {
      const size = Math.ceil(count / GROUPS_IN_SLICE);
      const expiry = this.now + Math.ceil(share() * MINUTES_OF_DAY) * MINUTE_MS;
      this.expiring.set(expiry, (this.expiring.get(expiry) ?? 0) + size);
      const prefixes = randomFillSync(buffer.subarray(0, size * PREFIX_BYTES));
      this.taken += prefixes.copy(this.first, this.taken);
      return { expiresBefore: new Date(expiry), prefixes };
    });
  }
}

/** What a process by itself finds out about one size. */
const FINDINGS = {
  loaded(entries: number) {
    const days = new Days();
    const before = residentBytes();
    days.logOut(entries);
    const bytes = (residentBytes() - before) / entries;
    const absentNs = lookUpNs(days.known, keysOf(randomBytes(ASKED * PREFIX_BYTES)));
    const presentNs = lookUpNs(days.known, keysOf(days.revokedFirst));
    const fromClaimsNs = claimsNs(days.known);
    return {
      bytes,
      ms: days.applying.total,
      ...days.applying.slowest,
      absentNs,
      presentNs,
      fromClaimsNs,
    };
  },

  later(entries: number) {
    const days = new Days();
    const before = residentBytes();
    days.logOut(entries, ofThePastDay);
    days.pass(entries);
    const bytes = (residentBytes() - before) / days.live;
    return { bytes, ...days.passing.slowest };
  },
};
type Findings = typeof FINDINGS;

/** Of tokens that were revoked in the course of the past day, more expire soon than late. */
const ofThePastDay = (): number => 1 - Math.sqrt(Math.random());

/** So that nothing is compiled while it is measured; leaves no memory behind that could be reused. */
function exercise(): void {
  for (let times = 0; times < 20; times += 1) {
    const days = new Days(SLICE);
    days.logOut(SLICE);
    lookUpNs(days.known, keysOf(randomBytes(SLICE * PREFIX_BYTES)));
    residentBytes();
  }
}

/** Keys that begin with these prefixes, as a caller has them. */
function keysOf(prefixes: Buffer): string[] {
  const key = Buffer.alloc(KEY_BYTES);
  return Array.from({ length: prefixes.length / PREFIX_BYTES }, (_, index) => {
    prefixes.copy(key, 0, index * PREFIX_BYTES, (index + 1) * PREFIX_BYTES);
    return key.toString('hex');
  });
}

function lookUpNs(known: KnownRevocations, keys: readonly string[]): number {
  const questions = keys.map((key) => ({ absolute: [key], cutoffs: [] }));
  return nsEach(questions, (question) => known.covers(question));
}

/** From the claims of tokens that were never seen before. */
function claimsNs(known: KnownRevocations): number {
  const { iss, sub } = { iss: 'https://login.example', sub: 'ada' };
  const all = Array.from({ length: ASKED }, () => ({
    iss,
    sub,
    jti: randomUUID(),
    iat: 1,
    exp: 2,
  }));
  return nsEach(all, (claims) => {
    const named = { claims, subject: claims.sub, sessionId: undefined };
    return known.covers(tokenKeys(named, '', 'jti').keys);
  });
}

function nsEach<Asked>(all: readonly Asked[], isCovered: (one: Asked) => boolean): number {
  let covered = 0;
  const began = performance.now();
  for (const one of all) covered += isCovered(one) ? 1 : 0;
  const ns = ((performance.now() - began) / all.length) * 1e6;
  if (covered !== 0 && covered !== all.length) throw new Error('a look-up answered wrongly');
  return ns;
}

function residentBytes(): number {
  for (let count = 0; count < 3; count += 1) globalThis.gc?.();
  return process.memoryUsage.rss();
}

/** Asks a process of its own, once a round. */
function find<Kind extends keyof Findings>(kind: Kind, entries: number, rounds: number) {
  // A small young generation: what the measuring itself leaves there would be counted as well.
  const flags = ['--expose-gc', '--max-semi-space-size=1'];
  const args = [...flags, __filename, '--find', kind, '--entries', String(entries)];
  return Array.from({ length: rounds }, () => {
    const answer = execFileSync(process.execPath, args, { encoding: 'utf8' });
    return JSON.parse(answer) as ReturnType<Findings[Kind]>;
  });
}

function figuresOf(rounds: number): Measure[] {
  const few = find('loaded', FEW, rounds);
  const sizes = [
    { size: '1 M', entries: MILLION },
    { size: '10 M', entries: TEN_MILLION },
  ].map(({ size, entries }) => ({
    size,
    loaded: find('loaded', entries, rounds),
    later: find('later', entries, rounds),
  }));
  const figures = sizes.flatMap(({ size, loaded, later }) => [
    measure(`${size}: memory, loaded`, 'B each', each(loaded, 'bytes'), ENOUGH_BYTES),
    measure(`${size}: memory, a day later`, 'B each', each(later, 'bytes'), ENOUGH_BYTES),
    measure(`${size}: loading`, 'ms', each(loaded, 'ms'), size === '1 M' ? HALF_A_SECOND : {}),
    measure(`${size}: apply() of ${SLICE}, slowest`, 'ms', each(loaded, 'slowestMs'), ENOUGH_MS),
    measure(`${size}: apply() of ${SLICE}, 99.9 %`, 'ms', each(loaded, 'mostMs'), ENOUGH_MS),
    measure(`${size}: forget(), slowest`, 'ms', each(later, 'slowestMs'), ENOUGH_MS),
    measure(`${size}: forget(), 99.9 %`, 'ms', each(later, 'mostMs'), ENOUGH_MS),
    measure(`${size}: covers(), not revoked`, 'ns', each(loaded, 'absentNs'), ENOUGH_NS),
    measure(`${size}: covers(), revoked`, 'ns', each(loaded, 'presentNs'), ENOUGH_NS),
    measure(`${size}: from claims, not revoked`, 'ns', each(loaded, 'fromClaimsNs')),
    ratio(
      `${size}: from claims ÷ that with 1 k`,
      each(loaded, 'fromClaimsNs'),
      each(few, 'fromClaimsNs'),
      AT_MOST_HALF_MORE,
    ),
  ]);
  return [
    measure('1 k: covers(), not revoked', 'ns', each(few, 'absentNs')),
    measure('1 k: from claims, not revoked', 'ns', each(few, 'fromClaimsNs')),
    ...figures,
  ];
}

function each<Name extends string>(found: readonly Record<Name, number>[], name: Name): number[] {
  return found.map((figures) => figures[name]);
}

function main(): void {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
      find: { type: 'string' },
      entries: { type: 'string', default: '0' },
    },
  });
  if (values.find === 'loaded' || values.find === 'later') {
    exercise();
    console.log(JSON.stringify(FINDINGS[values.find](Number(values.entries))));
    return;
  }
  const result = { name: 'known revocations', measures: figuresOf(Number(values.rounds)) };
  console.log(
    values.json ? JSON.stringify({ ...result, goals: goalsOf([result]) }) : table(result),
  );
}

main();
