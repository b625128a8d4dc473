import fc from 'fast-check';
import { addAndCommit } from '../../../src/stores/postgres/insertions';
import { storableRevocation } from '../../../src/stores/postgres/storable';
import { Tables } from '../../../src/stores/postgres/tables';
import { logout, revocation } from '../../contracts/revocation-store.contract';

const JSON_IN_BASE64 = "convert_from\\(decode\\('([A-Za-z0-9+/=]*)', 'base64'\\), 'UTF8'\\)::json";
const MESSAGE = new RegExp(
  '^BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = 1500; ' +
    'SELECT xid, new_places FROM "public"\\."add_revocations"' +
    `\\(${JSON_IN_BASE64}, ${JSON_IN_BASE64}\\); COMMIT$`,
);

/** The message that adds tokens of these subjects, each with an event that holds the text too. */
const messageOf = (subjects: readonly string[]): string =>
  addAndCommit(
    new Tables('public'),
    subjects.map((subject) =>
      storableRevocation(
        revocation({ subject, reason: subject }),
        logout({ subject, userAgent: subject, detail: { subject } }),
      ),
    ),
    1500,
  );

const decoded = (base64: string | undefined): unknown =>
  JSON.parse(Buffer.from(base64 ?? '', 'base64').toString('utf8'));

describe('The message that adds revocations', () => {
  it('holds nothing of what callers sent but in base64, whatever they sent', () => {
    const texts = fc.array(
      fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant("'); DROP TABLE x; --")),
      { maxLength: 64 },
    );

    fc.assert(
      fc.property(texts, (subjects) => {
        expect(messageOf(subjects)).toMatch(MESSAGE);
      }),
    );
  });

  it('holds a revocation and its event for each, in their order', () => {
    const [, revocations, events] = MESSAGE.exec(messageOf(['ada', 'José', 'o’hara'])) ?? [];

    const subjects = [{ subject: 'ada' }, { subject: 'José' }, { subject: 'o’hara' }];
    expect(decoded(revocations)).toMatchObject(subjects);
    expect(decoded(events)).toMatchObject(subjects);
  });
});
