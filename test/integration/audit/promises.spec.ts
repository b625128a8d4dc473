import { setTimeout } from 'node:timers/promises';
import { AuditLog, type RecordedAuditEvent } from '../../../src';
import { DOCUMENTED } from '../../support/app';
import { createMigratedDatabase, withClient, type TestDatabase } from '../../support/database';
import { ranFor } from '../../support/own-time';
import { until } from '../../support/until';
import { AuditedApp } from './audited-app';

const ADA = { from: '203.0.113.7', agent: 'Firefox' };
const ANONYMOUS = { from: '198.51.100.9' };

let database: TestDatabase;
let audited: AuditedApp;

beforeEach(async () => {
  database = await createMigratedDatabase();
  audited = await AuditedApp.start(database);
});

afterEach(async () => {
  await audited.close();
  await database.drop();
});

/** Does the work while another connection has run `sql`; what that holds is released then. */
function whileHeld<T>(sql: string, work: () => Promise<T>): Promise<T> {
  return withClient(database.url, async (holder) => {
    await holder.query(sql);
    return work();
  });
}

const recorded = async (): Promise<readonly RecordedAuditEvent[]> => {
  await audited.writeAll();
  return (await audited.app.nest.get(AuditLog).find({ limit: 1000 })).events;
};

const reasons = async (): Promise<(string | undefined)[]> =>
  (await recorded()).map(({ reason }) => reason);

describe('A token without a subject', () => {
  it('is logged out by itself, and leaves rows that name no subject', async () => {
    await audited.close();
    audited = await AuditedApp.start(database, { subjectClaim: null });
    const token = audited.token({ sub: undefined, iat: undefined, jti: 'j1' });
    const other = audited.token({ sub: undefined, jti: 'j2' });

    await audited.me(ADA, token).expect(200);
    await audited.logout(ADA, token, other).expect(401);
    await audited.logout(ADA, token).expect(200);
    await audited.me(ADA, token).expect(401);
    await audited.me(ADA, other).expect(200);

    expect(await database.query('SELECT subject, token_id FROM revoked_tokens')).toEqual([
      { subject: null, token_id: 'j1' },
    ]);
    const rows = (await recorded()).map(({ event, subject, tokenId }) => [event, subject, tokenId]);
    expect(rows).toHaveLength(3);
    expect(rows).toEqual(
      expect.arrayContaining([
        ['authz_fail', undefined, 'j1'],
        ['authn_token_revoked', undefined, 'j1'],
        ['authn_token_reuse', undefined, 'j1'],
      ]),
    );
  });
});

describe('A logout and its audit row', () => {
  /** Logouts stop here until the test lets the advisory lock go. */
  const STOP = 'PERFORM pg_advisory_xact_lock(42); RETURN NEW;';

  beforeEach(async () => {
    await database.query(
      `CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN ${STOP} END'`,
    );
  });

  it.each([
    ['before the row is written', 'CREATE TRIGGER stop BEFORE INSERT ON auth_events'],
    [
      'between both writes and their commit',
      'CREATE CONSTRAINT TRIGGER stop AFTER INSERT ON auth_events DEFERRABLE INITIALLY DEFERRED',
    ],
  ])('are both absent when the backend is killed %s', async (_, trigger) => {
    await database.query(`${trigger} FOR EACH ROW WHEN (NEW.outcome = 'success')
      EXECUTE FUNCTION stop()`);
    const token = audited.token();

    await whileHeld('SELECT pg_advisory_lock(42)', async () => {
      const answer = audited.logout(ADA, token).then(({ status, text }) => [status, text]);
      await until(async () => {
        const ended = await database.query(`SELECT pg_terminate_backend(pid) FROM pg_locks
          WHERE locktype = 'advisory' AND objid = 42 AND NOT granted`);
        return ended.length > 0;
      });
      expect(await answer).toEqual([500, DOCUMENTED.internal]);
    });
    await audited.me(ADA, token).expect(200);
    expect(await database.query('SELECT FROM revoked_tokens')).toEqual([]);
    await audited.logout(ADA, token).expect(200);
    expect((await recorded()).map(({ outcome, reason }) => [outcome, reason])).toEqual(
      expect.arrayContaining([
        ['success', undefined],
        ['failure', 'store_unavailable'],
      ]),
    );
  });
});

describe('A failure', () => {
  it('is answered at once while the audit is locked, and written once when it is free', async () => {
    const tookMs: number[] = [];
    await whileHeld('BEGIN; LOCK TABLE auth_events IN ACCESS EXCLUSIVE MODE', async () => {
      for (let i = 0; i < 20; i += 1) {
        const logout = audited.logout({ from: `10.0.0.${i}` }, 'garbage');
        tookMs.push(await ranFor(() => logout.expect(401, DOCUMENTED.refused)));
        await setTimeout(30);
      }
      await until(async () => {
        const waiting = await database.query(
          `SELECT FROM pg_locks WHERE relation = 'auth_events'::regclass AND NOT granted`,
        );
        return waiting.length > 0;
      });
    });

    // The first write begins after 0.1 s and gives up 10 s later: who waits for it waits longer.
    expect(Math.max(...tookMs)).toBeLessThan(1000);
    await audited.writeAll();
    const rows = await database.query('SELECT ip FROM auth_events ORDER BY ip');
    expect(rows.map(({ ip }) => ip)).toEqual(Array.from({ length: 20 }, (_, i) => `10.0.0.${i}`));
  });

  it('of the store is recorded as a logout of unknown outcome', async () => {
    await audited.close();
    audited = await AuditedApp.start(database, {}, { writeTimeoutMs: 2000 });
    await whileHeld('BEGIN; LOCK TABLE revoked_tokens IN ACCESS EXCLUSIVE MODE', () =>
      audited.logout(ADA, audited.token()).expect(500, DOCUMENTED.internal),
    );

    expect(await recorded()).toMatchObject([
      {
        event: 'authn_token_revoked',
        outcome: 'failure',
        reason: 'store_unavailable',
        ip: ADA.from,
      },
    ]);
  });

  it('of a flood in one second is one of fifty rows, or is counted in one more', async () => {
    const log = new AuditLog(
      audited.app.store.audit,
      () => undefined,
      () => undefined,
      () => 1_000_000,
    );
    for (let i = 0; i < 1000; i += 1)
      log.failed({
        event: 'authn_token_revoked',
        outcome: 'failure',
        reason: 'form',
        ip: `10.2.${i >> 8}.${i & 255}`,
      });
    await log.close();

    const events = await recorded();
    expect(events.filter(({ outcome }) => outcome === 'failure')).toHaveLength(50);
    const [summary, ...more] = events.filter(({ outcome }) => outcome === 'summary');
    expect(more).toEqual([]);
    expect(summary?.detail?.['causes']).toEqual({ 'authn_token_revoked:form': 950 });
    expect(Object.keys(Object(summary?.detail?.['networks']) as object)).toHaveLength(100);
  });

  it('of which one can never be stored leaves the others as they are, and says so', async () => {
    // As an operator may do it; a database that is not UTF8 refuses characters in the same way.
    await database.query("ALTER TABLE auth_events ADD CHECK (subject <> 'refused')");
    const errors: unknown[] = [];
    const log = new AuditLog(
      audited.app.store.audit,
      () => undefined,
      (error) => errors.push(error),
    );
    for (const subject of ['ada', 'refused', 'grace'])
      log.failed({ event: 'authz_fail', outcome: 'failure', reason: 'token_not_own', subject });
    await log.close();

    const events = await recorded();
    expect(events.map(({ subject }) => subject).sort()).toEqual(['ada', 'grace']);
    expect(errors).toMatchObject([{ cause: { code: '23514' } }]);
    await database.query('ALTER TABLE auth_events DROP CONSTRAINT auth_events_subject_check');
  });
});

describe('Everything that is printed', () => {
  /** The database gives a row its place, which no line knows. */
  const asPrinted = (event: RecordedAuditEvent): object =>
    Object.fromEntries(
      Object.entries(event).filter(([name]) => name !== 'id' && name !== 'occurredAt'),
    );

  /** What a name in claims may have that ends a line for some readers. */
  const HOSTILE = 'a\u2028b\u2029c"d';

  it('is one line of JSON for each event, free of control characters', async () => {
    const agent = 'Fire\u0085fox\u009b31m\t{"event":"forged"}';
    const token = audited.token({ sub: HOSTILE, jti: HOSTILE, sid: HOSTILE });
    await audited.logout({ ...ADA, agent }, token).expect(200);
    await audited.logout({ ...ADA, agent }, token).expect(401);
    await audited.me({ ...ADA, agent }, token).expect(401);

    const events = await recorded();
    const lines = audited.printed.filter((line) => line.startsWith('{'));
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      [...events].reverse().map(asPrinted),
    );
    expect(events.map(({ event }) => event)).toEqual([
      'authn_token_revoked',
      'authn_token_reuse',
      'authn_token_revoked',
    ]);
    expect(events[0]).toMatchObject({
      subject: HOSTILE,
      tokenId: HOSTILE,
      userAgent: expect.stringMatching(/\\u0085.+\\u009b.+\\u0009\{"event":"forged"\}$/) as string,
    });
  });
});

describe('The text of a token', () => {
  const SHORT_TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';

  it('is in no column and in no line, wherever a client puts it', async () => {
    const bearer = audited.token();
    const forged = audited.token().slice(0, -4) + 'AAAA';
    const expired = audited.token({ exp: Math.floor(Date.now() / 1000) - 1 });
    const foreign = audited.token({ sub: 'eve' });
    await audited.logout(ANONYMOUS, forged).expect(401);
    await audited.logout(ANONYMOUS, expired).expect(403);
    await audited.logout(ANONYMOUS, bearer, foreign).expect(401);
    await audited.logout(ANONYMOUS, bearer, forged).expect(401);
    await audited.post(ANONYMOUS).type('json').send(`{"token":"${bearer}"`).expect(400);
    await audited
      .post({ ...ANONYMOUS, agent: `Bearer ${bearer}` })
      .set('X-Request-Id', SHORT_TOKEN)
      .expect(401);
    await audited.logout(ADA, bearer).expect(200);
    await audited.me(ANONYMOUS, bearer).expect(401);

    expect((await reasons()).length).toBeGreaterThan(7);
    const texts = [...audited.printed, ...(await storedTexts())].join('\n');
    // Payloads begin alike for all, and signatures do not.
    expect(texts).not.toContain('eyJ');
    expect(audited.tokens.filter((token) => texts.includes(signatureOf(token)))).toEqual([]);
  });

  const signatureOf = (token: string): string => token.split('.')[2]!.slice(0, 16);

  /** Every row of ours, each as one text. */
  async function storedTexts(): Promise<unknown[]> {
    const rows = await database.query(
      `SELECT to_jsonb(row)::text AS text FROM auth_events AS row
       UNION ALL SELECT to_jsonb(row)::text FROM revoked_tokens AS row`,
    );
    return rows.map(({ text }) => text);
  }
});
