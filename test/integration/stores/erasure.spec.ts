import type { AuditEvent } from '../../../src/audit/audit-event';
import type { LogoutCore } from '../../../src/core/compose';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { coreWithSessions } from '../../support/sessions';
import { ISSUER } from '../../support/tokens';
import { until } from '../../support/until';
import { openStore } from './open-store';

const ELSEWHERE = 'https://elsewhere.example';
const SOURCE = { ip: '203.0.113.7', userAgent: 'Firefox', requestId: 'r-1' };

let database: TestDatabase;
let store: PostgresRevocationStore;
let core: LogoutCore;

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await openStore(database.url, { pollIntervalMs: 50 });
  core = coreWithSessions(store, { issuer: ISSUER, audience: ISSUER });
  await core.open();
});

afterEach(async () => {
  await core.close();
  await database.drop();
});

const erase = async (issuer: string | null = ISSUER, subject = 'ada'): Promise<number> => {
  const [row] = await database.query('SELECT erase_subject($1, $2)::int AS rows', [
    issuer,
    subject,
  ]);
  return Number(row!['rows']);
};

type Row = Readonly<Record<string, unknown>>;

/** Every row of a table, oldest first. */
const rowsOf = async (table: string, order: string): Promise<Row[]> => {
  const rows = await database.query(
    `SELECT to_jsonb(entry) AS row FROM ${table} AS entry ORDER BY ${order}`,
  );
  return rows.map(({ row }) => row as Row);
};

const events = (): Promise<Row[]> => rowsOf('auth_events', 'occurred_at, id');
const revocations = (): Promise<Row[]> => rowsOf('revoked_tokens', 'revoked_at, key');

const EMPTY = {
  subject: null,
  token_id: null,
  session_id: null,
  token_fingerprint: null,
  ip: null,
  user_agent: null,
  request_id: null,
  detail: null,
};

/** A logout that has everything that a row can tell. */
const told = (changes: Partial<AuditEvent> = {}): AuditEvent =>
  logout({
    scope: 'token',
    issuer: ISSUER,
    subject: 'ada',
    tokenId: 'jti-1',
    sessionId: 'sid-1',
    tokenFingerprint: 'ab'.repeat(32),
    reason: 'ban',
    actor: 'operator',
    detail: { device: 'phone' },
    ...SOURCE,
    ...changes,
  });

const named = (issuer: string, subject: string): AuditEvent =>
  told({
    event: 'authz_fail',
    outcome: 'failure',
    subject: 'mallory',
    sessionId: 'sid-2',
    detail: { named: { issuer, subject, tokenId: 'jti-1' } },
  });

describe('The erasure of a person', () => {
  it('empties their rows, and what tells of them in rows of others', async () => {
    const source = { ip: null, user_agent: null, request_id: null };
    const emptied: readonly (readonly [AuditEvent, Row])[] = [
      [told(), EMPTY],
      [told({ actor: 'ada' }), { ...EMPTY, actor: null }],
      [told({ subject: 'bob', actor: 'ada' }), { ...source, actor: null }],
      [named(ISSUER, 'ada'), { detail: null }],
    ];
    for (const [event] of emptied) await store.audit.append([event]);
    const before = await events();

    expect(await erase()).toBe(emptied.length);

    const after = (await events()).slice(0, -1);
    expect(after).toEqual(before.map((row, at) => ({ ...row, ...emptied[at]![1] })));
  });

  it('empties what names only a session of theirs', async () => {
    await store.audit.append([told()]);
    await core.bulk.revokeSessions({ issuer: ISSUER, sessionIds: ['sid-1'] });

    expect(await erase()).toBe(3);

    expect(await events()).toMatchObject([EMPTY, EMPTY, { event: 'personal_data_erased' }]);
    expect(await revocations()).toMatchObject([{ session_id: null }]);
  });

  it('changes nothing that tells of others, or of users of that name elsewhere', async () => {
    await store.audit.append([
      told({ subject: 'bob', sessionId: 'sid-2' }),
      told({ issuer: ELSEWHERE }),
      told({ issuer: undefined }),
      told({ issuer: ELSEWHERE, subject: undefined }), // in a session of that name
      told({ issuer: ELSEWHERE, actor: 'ada' }),
      named(ELSEWHERE, 'ada'),
      named(ISSUER, 'bob'),
    ]);
    const before = await events();
    await store.audit.append([told()]);

    expect(await erase()).toBe(1);

    expect((await events()).slice(0, before.length)).toEqual(before);
  });

  it('is of a user without an issuer, where none is given', async () => {
    await store.audit.append([told({ issuer: undefined }), told()]);

    expect(await erase(null)).toBe(1);

    const subjects = (await events()).map(({ issuer, subject }) => [issuer, subject]);
    expect(subjects).toContainEqual([null, null]);
    expect(subjects).toContainEqual([ISSUER, 'ada']);
  });

  it('leaves a row that says who did it, and does nothing the second time', async () => {
    await store.audit.append([told(), told()]);

    expect([await erase(), await erase()]).toEqual([2, 0]);

    const erasures = (await store.audit.find({ event: 'personal_data_erased' })).events;
    const [owner] = await database.query('SELECT current_user::text AS name');
    expect(erasures.map(({ detail }) => detail)).toEqual([{ rows: 0 }, { rows: 2 }]);
    const { id, occurredAt, ...erasure } = erasures[1]!;
    expect([id, occurredAt]).toEqual([expect.any(String), expect.any(Date)]);
    expect(JSON.parse(JSON.stringify(erasure))).toEqual({
      event: 'personal_data_erased',
      outcome: 'success',
      issuer: ISSUER,
      actor: owner!['name'],
      detail: { rows: 2 },
    });
  });
});

describe('A token of a person who was erased', () => {
  const names = { issuer: ISSUER, subject: 'ada', tokenId: 'jti-1', sessionId: 'sid-1' };

  it('goes on being refused, by instances that run and by one that starts', async () => {
    const other = await openStore(database.url, { pollIntervalMs: 50 });
    const one = revocation({ ...names, reason: 'ban', actor: 'ada' });
    const query = about([one.key]);
    await store.add(one, told());
    await core.bulk.revokeSubject({ issuer: ISSUER, subject: 'ada' });
    await until(() => other.known(query) === true);
    const before = await revocations();

    await erase();

    const emptied = { subject: null, token_id: null, session_id: null, actor: null };
    expect(await revocations()).toEqual(before.map((row) => ({ ...row, ...emptied })));
    const catchUps = other.status().replica!.catchUps;
    await until(() => other.status().replica!.catchUps >= catchUps + 3);
    const third = await openStore(database.url);
    await until(() => third.status().replica?.answersFrom === 'memory');
    const direct = await openStore(database.url, { check: 'direct' });
    const all = [store, other, third, direct];
    expect(await Promise.all(all.map(async (each) => each.isRevoked(query)))).toEqual(
      all.map(() => true),
    );
    expect(await store.add(one, told())).toBe(false);
    await Promise.all([other, third, direct].map((each) => each.close()));
  });

  it('of another who was revoked by the person keeps all but the actor', async () => {
    await store.add(revocation({ ...names, subject: 'bob', actor: 'ada' }), logout());
    const [before] = await revocations();

    expect(await erase()).toBe(1);

    expect(await revocations()).toEqual([{ ...before, actor: null }]);
  });
});

describe('The erasure of a person whose sessions we keep', () => {
  const sid = async (): Promise<string> =>
    (await core.sessions.open('ada', { source: SOURCE })).session.sid;
  const move = (column: string): Promise<unknown> =>
    database.query(`UPDATE auth_sessions SET ${column} = now() - interval '1 second'`);

  it('is refused while one is live, and changes nothing', async () => {
    await core.sessions.end(await sid());
    await sid();
    const before = [await events(), await rowsOf('auth_sessions', 'sid')];

    await expect(erase()).rejects.toThrow(
      'the subject has live sessions: end them first, by revokeSubject() of BulkRevocation or ' +
        'endAll() of SessionsService',
    );

    expect([await events(), await rowsOf('auth_sessions', 'sid')]).toEqual(before);
  });

  it.each<[string, (sid: string) => Promise<unknown>]>([
    ['was ended', (one) => core.sessions.end(one)],
    ['was idle for too long', () => move('idle_expires_at')],
    ['is too old', () => move('expires_at')],
    ['was ended with all others', () => core.sessions.endAll('ada')],
    ['is of a client that was revoked', () => core.bulk.revokeClient({ clientId: ISSUER })],
    ['is of an issuer that was revoked', () => core.bulk.revokeIssuer({})],
    ['was revoked by its sid', (one) => core.bulk.revokeSessions({ sessionIds: [one] })],
  ])('deletes a session that %s', async (_, end) => {
    const one = await core.sessions.open('ada', { device: 'phone', source: SOURCE });
    await core.sessions.open('bob', { source: { ...SOURCE, ip: '203.0.113.8' } });
    await end(one.session.sid);

    expect(await erase()).toBeGreaterThan(1);

    expect(await rowsOf('auth_sessions', 'sid')).toMatchObject([{ subject: 'bob' }]);
    const texts = JSON.stringify([await events(), await revocations()]);
    for (const text of ['"ada"', one.session.sid, SOURCE.ip, 'phone'])
      expect(texts).not.toContain(text);
    expect(texts).toContain('"bob"');
    await expect(core.sessions.refresh(one.refreshToken)).rejects.toThrow();
  });

  it('is refused where a new login came after all sessions were ended', async () => {
    await sid();
    await core.sessions.endAll('ada');
    await sid();

    await expect(erase()).rejects.toMatchObject({ code: '55006' });
  });
});
