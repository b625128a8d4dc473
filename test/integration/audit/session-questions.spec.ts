import type { LogoutCore } from '../../../src/core/compose';
import type { SessionTokens } from '../../../src/sessions/session-issuance';
import { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { coreWithSessions } from '../../support/sessions';
import { ISSUER } from '../../support/tokens';
import { answerTo } from './documented-questions';
import { PATIENCE } from '../../support/patience';

const PHONE = { ip: '203.0.113.7', userAgent: 'Firefox' };
const LAPTOP = { ip: '203.0.113.8', userAgent: 'Safari' };
const THIEF = { ip: '198.51.100.9', userAgent: 'curl/8' };
const IN_DOCUMENT = 'Vt3kq0yWm1hJ8sZr5cX2Qg';

let database: TestDatabase;
let core: LogoutCore;
/** Of ada, oldest first: ended by a logout, by a theft, and open. */
let logins: readonly SessionTokens[];

beforeAll(async () => {
  database = await createMigratedDatabase();
  const store = new PostgresRevocationStore({ url: database.url }, PATIENCE);
  core = coreWithSessions(store, { issuer: ISSUER, audience: ISSUER, graceSeconds: 0 });
  await core.open();
  await core.sessions.open('grace', { source: LAPTOP });
  await core.sessions.endAll('grace', { reason: 'password change', source: LAPTOP });
  await core.bulk.revokeClient({ issuer: ISSUER, clientId: 'old' }, { actor: 'operator' });
  logins = [
    await core.sessions.open('ada', { device: 'phone', source: PHONE }),
    await core.sessions.open('ada', { source: LAPTOP }),
    await core.sessions.open('ada', { source: LAPTOP }),
  ];
  const [phone, stolen] = logins;
  await core.sessions.refresh(phone!.refreshToken, LAPTOP);
  await core.sessions.end(phone!.session.sid, { source: PHONE });
  await core.sessions.refresh(stolen!.refreshToken, LAPTOP);
  await expect(core.sessions.refresh(stolen!.refreshToken, THIEF)).rejects.toThrow();
});

afterAll(async () => {
  await core.close();
  await database.drop();
});

const anInstant = expect.any(Date) as Date;

describe('The documented question', () => {
  const WHERE = 'Where has this user logged in, and which sessions are open?';

  it(WHERE, async () => {
    const rows = await answerTo(database, WHERE);

    const [phone, stolen, open] = logins.map(({ session }) => session.sid);
    const login = { occurred_at: anInstant, last_refresh: anInstant, is_open: false, device: null };
    const onLaptop = { ...login, ip: LAPTOP.ip, user_agent: LAPTOP.userAgent };
    expect(rows).toEqual([
      { ...onLaptop, session_id: open, ended_at: null, ended_by: null, is_open: true },
      { ...onLaptop, session_id: stolen, ended_at: anInstant, ended_by: 'reuse' },
      {
        ...login,
        ip: PHONE.ip,
        user_agent: PHONE.userAgent,
        device: 'phone',
        session_id: phone,
        ended_at: anInstant,
        ended_by: 'logout',
      },
    ]);
  });

  it(`${WHERE} None that was signed out with all others`, async () => {
    const rows = await answerTo(database, WHERE, (sql) => sql.replaceAll("'ada'", "'grace'"));

    expect(rows).toMatchObject([{ ip: LAPTOP.ip, ended_at: null, is_open: false }]);
  });

  it('What happened in this session, from its begin to its end?', async () => {
    const rows = await answerTo(
      database,
      'What happened in this session, from its begin to its end?',
      (sql) => sql.replace(IN_DOCUMENT, logins[0]!.session.sid),
    );

    expect(rows.map(({ event, reason, ip }) => [event, reason, ip])).toEqual([
      ['authn_token_revoked', 'logout', PHONE.ip],
      ['session_renewed', null, LAPTOP.ip],
      ['session_created', null, PHONE.ip],
    ]);
    expect(rows[2]).toMatchObject({ subject: 'ada', detail: { device: 'phone' } });
  });

  it('Whose refresh tokens were stolen?', async () => {
    expect(await answerTo(database, 'Whose refresh tokens were stolen?')).toEqual([
      {
        occurred_at: anInstant,
        subject: 'ada',
        issuer: ISSUER,
        session_id: logins[1]!.session.sid,
        ip: THIEF.ip,
        user_agent: THIEF.userAgent,
        presented: 0,
        generation: 1,
      },
    ]);
  });

  it('What was revoked for many tokens at once, by whom?', async () => {
    const rows = await answerTo(database, 'What was revoked for many tokens at once, by whom?');

    const cutoff = { revoked_at: anInstant, issued_before: anInstant, refused_until: anInstant };
    const nobody = { subject: null, client_id: null, actor: null, reason: null };
    expect(rows).toEqual([
      {
        ...nobody,
        ...cutoff,
        scope: 'client',
        issuer: ISSUER,
        client_id: 'old',
        actor: 'operator',
      },
      {
        ...nobody,
        ...cutoff,
        scope: 'subject',
        issuer: ISSUER,
        subject: 'grace',
        reason: 'password change',
      },
    ]);
  });

  it('Who was signed out from all devices?', async () => {
    expect(await answerTo(database, 'Who was signed out from all devices?')).toEqual([
      {
        occurred_at: anInstant,
        subject: 'grace',
        issuer: ISSUER,
        actor: null,
        reason: 'password change',
        ip: LAPTOP.ip,
        user_agent: LAPTOP.userAgent,
      },
    ]);
  });
});
