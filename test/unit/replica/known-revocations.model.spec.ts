import fc from 'fast-check';
import { KnownRevocations } from '../../../src/replica/known-revocations';
import type { Revocation } from '../../../src/revocation/revocation';
import type { RevocationKey } from '../../../src/tokens/identity';
import type { TokenQuery } from '../../../src/tokens/scopes';
import { aboutToken } from '../../support/queries';

const START = Date.UTC(2030, 0, 1);
const MINUTE_MS = 60_000;
const at = (minutes: number): Date => new Date(START + minutes * MINUTE_MS);
const later = (instant: Date, minutes: number): Date =>
  new Date(instant.getTime() + minutes * MINUTE_MS);
const HOUR_MS = 60 * MINUTE_MS;
const endOfHour = (instant: Date): Date =>
  new Date((Math.floor(instant.getTime() / HOUR_MS) + 1) * HOUR_MS);

type Told = Pick<Revocation, 'key' | 'scope' | 'issuedBefore' | 'expiresAt'>;

interface Question {
  readonly key: RevocationKey;
  readonly issuedAt: Date;
  /** Asked again after each step, and in the next run of another instance. */
  readonly query: TokenQuery;
}

/** The same, naively: everything it was told, and at what time. */
class Model {
  now = at(0);
  private readonly told: (Told & { readonly toldAt: Date })[] = [];

  add(revocation: Told): void {
    this.told.push({ ...revocation, toldAt: this.now });
  }

  get size(): number {
    return this.told.length;
  }

  get live(): readonly Told[] {
    return this.told.filter(({ expiresAt }) => expiresAt >= this.now);
  }

  /** Whether a live revocation covers the token. */
  mustCover(question: Question): boolean {
    return this.covering(question).some(({ expiresAt }) => expiresAt >= this.now);
  }

  /** Whether one covers it that is live or has expired a short while ago. */
  mayCover(question: Question): boolean {
    return this.covering(question).some((one) => {
      // Absolute ones are forgotten by the hour.
      const until = isAbsolute(one) ? endOfHour(one.expiresAt).getTime() : one.expiresAt.getTime();
      const grace = Math.max(15 * MINUTE_MS, (until - one.toldAt.getTime()) / 16);
      return until + grace >= this.now.getTime();
    });
  }

  private covering({ key, issuedAt }: Question) {
    return this.told.filter(
      (one) =>
        (isAbsolute(one) ? one.key.slice(0, 32) === key.slice(0, 32) : one.key === key) &&
        (one.issuedBefore === 'infinity' || one.issuedBefore >= issuedAt),
    );
  }
}

const isAbsolute = ({ issuedBefore }: Told): boolean => issuedBefore === 'infinity';

// Few keys, which share much: all of the first 128 bits, 124, 64, none.
const ZEROS = '0'.repeat(64);
const KEYS: readonly RevocationKey[] = [
  ZEROS,
  `${'0'.repeat(63)}1`,
  `${'0'.repeat(31)}1${'0'.repeat(32)}`,
  `${'0'.repeat(16)}${'f'.repeat(48)}`,
  `${'f'.repeat(16)}${'0'.repeat(48)}`,
  'f'.repeat(64),
  '0123456789abcdef'.repeat(4),
  'fedcba9876543210'.repeat(4),
];

/** What is told, its expiry counted from the time of telling. */
interface Telling {
  readonly key: RevocationKey;
  readonly scope: 'token' | 'session' | 'subject';
  readonly cutoffMinute: number;
  readonly expiresInMinutes: number;
}

/** Something that happens to a replica's memory, and to the model. */
type Step = (known: KnownRevocations, model: Model) => void;

const expiresInMinutes = fc.oneof(
  fc.integer({ min: 0, max: 90 }),
  fc.integer({ min: 0, max: 45_000 }),
);
const telling = fc.record<Telling>({
  key: fc.constantFrom(...KEYS),
  scope: fc.constantFrom('token', 'token', 'session', 'subject'),
  cutoffMinute: fc.integer({ min: 0, max: 5 }),
  expiresInMinutes,
});

function toldAt(now: Date, { key, scope, cutoffMinute, expiresInMinutes }: Telling): Told {
  const issuedBefore = scope === 'subject' ? at(cutoffMinute) : 'infinity';
  return { key, scope, issuedBefore, expiresAt: later(now, expiresInMinutes) };
}

const adding = telling.map((one): Step => (known, model) => {
  const told = toldAt(model.now, one);
  known.add(told);
  model.add(told);
});

const applying = fc.array(telling, { maxLength: 12 }).map((all): Step => (known, model) => {
  const told = all.map((one) => toldAt(model.now, one));
  const absolute = told.filter(isAbsolute).map(({ key, expiresAt }) => {
    return {
      expiresBefore: endOfHour(expiresAt),
      prefixes: Buffer.from(key, 'hex').subarray(0, 16),
    };
  });
  const cutoffs = told.flatMap(({ key, issuedBefore, expiresAt }) =>
    issuedBefore === 'infinity' ? [] : [{ key, issuedBefore, expiresAt }],
  );
  known.apply({ absolute, cutoffs });
  for (const one of told) model.add(one);
});

const passing = fc
  .oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 10_000 }))
  .map((minutes): Step => (known, model) => {
    model.now = later(model.now, minutes);
    known.forget(model.now);
  });

const steps = fc.array(fc.oneof(adding, applying, { arbitrary: passing, weight: 2 }), {
  minLength: 1,
  maxLength: 40,
});
const questions = KEYS.flatMap((key) =>
  [0, 3, 6].map((minute) => ({ key, issuedAt: at(minute), query: aboutToken([key], at(minute)) })),
);

const isCoveredBy =
  (known: KnownRevocations) =>
  ({ query }: Question): boolean =>
    known.covers(query);

function expectToKnowAllOf(model: Model, known: KnownRevocations): void {
  const live = questions.filter((question) => model.mustCover(question));
  expect(questions.filter(isCoveredBy(known))).toEqual(expect.arrayContaining(live));
}

describe('What a replica knows, whatever happens,', () => {
  it('covers whatever is live, and nothing that was never revoked or expired long ago', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const [known, model] = [new KnownRevocations(1000), new Model()];
        known.forget(model.now);
        for (const step of all) {
          step(known, model);
          expectToKnowAllOf(model, known);
          const covered = questions.filter(isCoveredBy(known));
          expect(covered.filter((one) => !model.mayCover(one))).toEqual([]);
          expect(known.size).toBeLessThanOrEqual(model.size);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('misses nothing unless it says that it is full, evicts nothing, and keeps to its limit', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 6 }), (all, maxEntries) => {
        const [known, model] = [new KnownRevocations(maxEntries), new Model()];
        known.forget(model.now);
        let mayHaveGaps = false;
        for (const step of all) {
          const [then, coveredThen] = [model.now, questions.filter(isCoveredBy(known))];
          step(known, model);
          if (mayHaveGaps && !known.isFull) for (const one of model.live) known.add(one);
          mayHaveGaps = known.isFull;

          expect(known.size).toBeLessThanOrEqual(maxEntries);
          if (!mayHaveGaps) expectToKnowAllOf(model, known);
          if (model.now === then)
            expect(questions.filter(isCoveredBy(known))).toEqual(
              expect.arrayContaining(coveredThen),
            );
        }
      }),
      { numRuns: 300 },
    );
  });
});
