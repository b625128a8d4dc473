import { logout, revocation } from '../../../src/testing/contract/contract';
import fc from 'fast-check';
import { ADDITION_PARAMETERS } from '../../../migrations/addition-columns';
import type { Addition } from '../../../src/revocation/unit-of-work';
import { AdditionBatch, storableAddition } from '../../../src/stores/postgres/writes/additions';
import { Tables } from '../../../src/stores/postgres/connection/tables';

const VALUE = String.raw`(?:NULL|E'(?:[^'\\]|''|\\\\)*')`;
const MESSAGE = new RegExp(
  '^BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL search_path = pg_catalog, pg_temp; ' +
    'SET LOCAL statement_timeout = 1500; SELECT xid, known_places FROM "public"\\.' +
    `"add_revocations"\\(((?:${VALUE}, ){${ADDITION_PARAMETERS.length - 1}}${VALUE})\\); COMMIT$`,
);

/** Additions of tokens of these subjects, each with an event that holds the text too. */
const additionsOf = (subjects: readonly string[]): Addition[] =>
  subjects.map((subject) => ({
    revocation: revocation({ subject, reason: subject }),
    event: logout({ subject, userAgent: subject, detail: { subject } }),
  }));

const batchOf = (additions: readonly Addition[]): AdditionBatch =>
  new AdditionBatch(additions.map(storableAddition));

const messageOf = (additions: readonly Addition[]): string =>
  batchOf(additions).message(new Tables('public'), 1500, []);

/** What the message gives as that parameter; `undefined`: NULL. */
function givenAs(name: string, additions: readonly Addition[]): string | undefined {
  const values = MESSAGE.exec(messageOf(additions))?.[1]?.match(new RegExp(VALUE, 'g')) ?? [];
  const value = values[ADDITION_PARAMETERS.findIndex(([each]) => each === name)];
  return value?.startsWith('E') ? value.slice(2, -1).replace(/(['\\])\1/g, '$1') : undefined;
}

describe('The message that adds revocations', () => {
  it('ends no literal by what callers sent, whatever they sent', () => {
    const attacks = [
      "'); DROP TABLE x; --",
      "\\'); DROP TABLE x; --",
      '\\',
      "'",
      '"}',
      '\\"',
      "''",
    ];
    const texts = fc.array(
      fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom(...attacks)),
      { minLength: 1, maxLength: 64 },
    );

    fc.assert(
      fc.property(texts, (subjects) => {
        expect(messageOf(additionsOf(subjects))).toMatch(MESSAGE);
      }),
    );
  });

  it('gives each revocation once, in the order in which they came', () => {
    const [low, high] = ['00', 'ff'].map((byte) => byte.repeat(32));
    const one = { ...revocation({ subject: 'ada' }), key: high } as Addition['revocation'];
    const other = { ...one, key: low, subject: 'bob' } as Addition['revocation'];
    const additions = [one, other, one].map((each) => ({ revocation: each, event: logout() }));

    expect(givenAs('revocation_key', additions)).toBe(`{"\\\\x${high}","\\\\x${low}"}`);
    expect(givenAs('revocation_subject', additions)).toBe('{"ada","bob"}');
    expect(batchOf(additions).areNew(null)).toEqual([true, true, false]);
    expect(batchOf(additions).areNew('')).toEqual([true, true, false]);
    expect(batchOf(additions).areNew('1')).toEqual([false, true, false]);
    expect(batchOf(additions).areNew('2')).toEqual([true, false, false]);
    expect(batchOf(additions).areNew('1,2')).toEqual([false, false, false]);
  });

  it('leaves out what an event has like its revocation, and nothing else', () => {
    const event = logout({ subject: 'ada', reason: undefined });
    const same = [{ revocation: revocation({ subject: 'ada' }), event }];
    const differs = [{ revocation: revocation({ subject: 'ada', reason: 'theft' }), event }];

    expect(givenAs('event_subject', same)).toBeUndefined();
    expect(givenAs('event_reason', same)).toBeUndefined();
    expect(givenAs('event_reason', differs)).toBe('{NULL}');
    expect(givenAs('revocation_reason', differs)).toBe('{"theft"}');
  });
});
