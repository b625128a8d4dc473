import { logout, revocation } from '../../../src/testing/contract/contract';
import fc from 'fast-check';
import { addAndCommit } from '../../../src/stores/postgres/writes/insertions';
import { toJsonRows } from '../../../src/stores/postgres/writes/json-rows';
import { Tables } from '../../../src/stores/postgres/connection/tables';

const JSON_LITERAL = '\\$json\\$([^$]*)\\$json\\$::json';
const MESSAGE = new RegExp(
  '^BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL search_path = pg_catalog, pg_temp; ' +
    'SET LOCAL statement_timeout = 1500; SELECT xid, new_places FROM "public"\\."add_revocations"' +
    `\\(${JSON_LITERAL}, ${JSON_LITERAL}\\); COMMIT$`,
);

/** The message that adds tokens of these subjects, each with an event that holds the text too. */
const messageOf = (subjects: readonly string[]): string =>
  addAndCommit(
    new Tables('public'),
    subjects.map((subject) =>
      toJsonRows({
        revocation: revocation({ subject, reason: subject }),
        event: logout({ subject, userAgent: subject, detail: { subject } }),
      }),
    ),
    1500,
  );

const parsed = (json = ''): unknown => JSON.parse(json);

describe('The message that adds revocations', () => {
  it('ends no literal by what callers sent, whatever they sent', () => {
    const attacks = ["'); DROP TABLE x; --", '$json$); DROP TABLE x; --', '$', '\\$json$', '$json'];
    const texts = fc.array(
      fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom(...attacks)),
      { maxLength: 64 },
    );

    fc.assert(
      fc.property(texts, (subjects) => {
        expect(messageOf(subjects)).toMatch(MESSAGE);
      }),
    );
  });

  it('holds a revocation and its event for each, in their order', () => {
    const [, revocations, events] = MESSAGE.exec(messageOf(['ada', 'José', '$json$\\$'])) ?? [];

    const subjects = [{ subject: 'ada' }, { subject: 'José' }, { subject: '$json$\\$' }];
    expect(parsed(revocations)).toMatchObject(subjects);
    expect(parsed(events)).toMatchObject(subjects);
  });
});
