import { setTimeout } from 'node:timers/promises';
import type { Client } from 'pg';
import { REASONS } from '../../../src/audit/reasons';
import { createMigratedDatabase, withClient, type TestDatabase } from '../../support/database';
import { ISSUER } from '../../support/tokens';
import { AuditedApp } from './audited-app';
import {
  answerTo as answerIn,
  documentedBlocks,
  documentedQuestions,
  documentedText,
  FOR_OWNERS,
} from './documented-questions';

const JTI = '6f1c2a34-9d0e-4b57-8a61-2f3e4d5c6b7a';
const ADA = { from: '203.0.113.7', agent: 'Firefox' };
const THIEF = { from: '198.51.100.9', agent: 'curl/8' };
const MALLORY = { from: '203.0.113.66', agent: 'Chrome' };
const SCANNER = { from: '2001:db8:7::1' };
const LIMIT = 6;
const FLOOD = 400;

const questions = documentedQuestions();
let database: TestDatabase;
let audited: AuditedApp;

beforeAll(async () => {
  database = await createMigratedDatabase();
  audited = await AuditedApp.start(database, { throttleLimit: LIMIT });
  await flood();
  await setTimeout(1100); // so that the budget is whole again for what is to be found row by row
  await live();
  await audited.writeAll();
});

afterAll(async () => {
  await audited.close();
  await database.drop();
});

/** Far more failures in a moment than are written one by one, from as many networks. */
async function flood(): Promise<void> {
  const senders = Array.from({ length: FLOOD }, (_, i) => ({ from: `10.1.${i >> 8}.${i & 255}` }));
  await Promise.all(senders.map((sender) => audited.logout(sender, 'garbage')));
}

async function live(): Promise<void> {
  const token = audited.token({ jti: JTI, sid: 'session-1' });
  await audited.me(ADA, token).expect(200);
  await audited.logout(ADA, token).expect(200);
  await audited.me(THIEF, token).expect(401);
  await audited.me(THIEF, token).expect(401);
  await audited.logout(ADA, token).expect(401);
  const bearer = audited.token({ sub: 'mallory', jti: 'of-mallory' });
  await audited.logout(MALLORY, bearer, audited.token({ jti: 'another of ada' })).expect(401);
  await audited.logout(MALLORY, 'not.a.token').expect(401);
  await audited.post(MALLORY).type('json').send('{').expect(400);
  await exceedLimit(LIMIT + 3);
}

/** More requests than the limit, from two addresses of one network. */
async function exceedLimit(times: number): Promise<void> {
  for (let i = 0; i < times; i += 1)
    await audited.post({ from: i % 2 === 0 ? SCANNER.from : '2001:db8:7::2' });
}

const answerTo = (heading: string): Promise<Record<string, unknown>[]> =>
  answerIn(database, heading);

describe('The documented question', () => {
  it('Who logged out, when, from where, and which token?', async () => {
    const rows = await answerTo('Who logged out, when, from where, and which token?');

    expect(rows).toEqual([
      {
        occurred_at: expect.any(Date) as Date,
        subject: 'ada',
        issuer: ISSUER,
        ip: '203.0.113.7',
        token_id: JTI,
        token_fingerprint: expect.stringMatching(/^[\da-f]{64}$/) as string,
        actor: null,
        reason: null,
        user_agent: 'Firefox',
      },
    ]);
    expect(Date.now() - Number(rows[0]!['occurred_at'])).toBeLessThan(60_000);
  });

  it('From which addresses did attempts fail?', async () => {
    const rows = await answerTo('From which addresses did attempts fail?');

    expect(rows).toHaveLength(20);
    expect(rows[0]).toEqual({
      ip: '2001:db8:7::1',
      attempts: '4',
      subjects: '0',
      reasons: ['limit_by_address', 'token_missing'],
      first: expect.any(Date) as Date,
      last: expect.any(Date) as Date,
    });
    expect(rows.slice(1, 3)).toMatchObject([
      {
        ip: '203.0.113.66',
        attempts: '3',
        subjects: '1',
        reasons: ['bad_request', 'form', 'token_not_own'],
      },
      { ip: '2001:db8:7::2', attempts: '3', reasons: ['token_missing'] },
    ]);
  });

  it('What came from this address or network?', async () => {
    const rows = await answerTo('What came from this address or network?');

    const lines = rows.map((row) => [row['ip'], row['event'], row['reason'] ?? 'done'].join(' '));
    expect(lines.sort()).toEqual([
      '203.0.113.66 authn_token_revoked form',
      '203.0.113.66 authz_fail token_not_own',
      '203.0.113.66 input_validation_fail bad_request',
      '203.0.113.7 authn_token_revoked done',
      '203.0.113.7 authn_token_revoked token_revoked',
    ]);
  });

  it('What has this user done?', async () => {
    const rows = await answerTo('What has this user done?');

    expect(rows.map((row) => [row['event'], row['outcome'], row['reason'], row['ip']])).toEqual(
      expect.arrayContaining([
        ['authn_token_revoked', 'success', null, '203.0.113.7'],
        ['authn_token_revoked', 'failure', 'token_revoked', '203.0.113.7'],
        ['authn_token_reuse', 'failure', 'token_revoked', '198.51.100.9'],
      ]),
    );
    expect(rows).toHaveLength(3);
    expect(rows.every((row) => row['session_id'] === 'session-1')).toBe(true);
  });

  it('What happened to this token?', async () => {
    const rows = await answerTo('What happened to this token?');

    expect(rows[0]).toMatchObject({
      event: 'authn_token_revoked',
      outcome: 'success',
      reason: null,
      subject: 'ada',
      issuer: ISSUER,
      ip: '203.0.113.7',
      user_agent: 'Firefox',
      revoked_at: expect.any(Date) as Date,
    });
    expect(Number(rows[0]!['refused_until'])).toBeGreaterThan(Date.now() + 600_000);
    expect(rows.slice(1).map((row) => [row['event'], row['ip']])).toEqual(
      expect.arrayContaining([
        ['authn_token_reuse', '198.51.100.9'],
        ['authn_token_revoked', '203.0.113.7'],
      ]),
    );
    expect(rows).toHaveLength(3);
  });

  it('Who presented a token after its logout?', async () => {
    const rows = await answerTo('Who presented a token after its logout?');

    expect(rows).toEqual([
      {
        occurred_at: expect.any(Date) as Date,
        subject: 'ada',
        token_id: JTI,
        ip: '198.51.100.9',
        user_agent: 'curl/8',
        revoked_at: expect.any(Date) as Date,
        revoked_from: '203.0.113.7',
        after: expect.anything() as object,
      },
    ]);
    const [{ occurred_at: presented, revoked_at: revoked } = {}] = rows;
    expect(Number(presented)).toBeGreaterThanOrEqual(Number(revoked));
  });

  it('Who tried to log out another user?', async () => {
    expect(await answerTo('Who tried to log out another user?')).toEqual([
      {
        occurred_at: expect.any(Date) as Date,
        subject: 'mallory',
        issuer: ISSUER,
        ip: '203.0.113.66',
        token_id: 'of-mallory',
        user_agent: 'Chrome',
        victim: 'ada',
        victim_issuer: ISSUER,
        victim_token_id: 'another of ada',
      },
    ]);
  });

  it('Which networks were rate limited?', async () => {
    expect(await answerTo('Which networks were rate limited?')).toEqual([
      {
        network: '2001:db8:7::/64',
        reason: 'limit_by_address',
        full_buckets: '1',
        last: expect.any(Date) as Date,
      },
    ]);
  });

  it('How many failures were counted instead of written, and why did they fail?', async () => {
    const [counted] = await answerTo(
      'How many failures were counted instead of written, and why did they fail?',
    );
    const [written] = await database.query(
      `SELECT count(*)::int AS rows FROM auth_events WHERE ip <<= '10.1.0.0/16'`,
    );

    expect(counted!['cause']).toBe('authn_token_revoked:form');
    expect(Number(written!['rows'])).toBeGreaterThanOrEqual(50);
    expect(Number(counted!['attempts']) + Number(written!['rows'])).toBe(FLOOD);
  });

  it('From which networks did they come?', async () => {
    const rows = await answerTo('From which networks did they come?');

    expect(rows).toHaveLength(20);
    expect(rows[0]).toEqual({
      network: expect.stringMatching(/^10\.1\.[01]\.\d+$/) as string,
      attempts: '1',
    });
  });

  it('Who may read it? An auditor, who may do nothing else', async () => {
    await withClient(database.url, async (client) => {
      await client.query(`BEGIN; ${questions.get('Who may read it?')!}; SET LOCAL ROLE auditor`);

      await expect(askAll(client)).resolves.toContain(1);
      await expect(
        client.query("INSERT INTO auth_events (event, outcome) VALUES ('x', 'failure')"),
      ).rejects.toThrow('permission denied');
      await client.query('ROLLBACK');
    });
  });

  it('How are old days removed? Whole, and alone', async () => {
    await database.query(
      `CREATE TABLE nestjs_logout.auth_events_20250131 PARTITION OF auth_events
       FOR VALUES FROM ('2025-01-31 00:00+00') TO ('2025-02-01 00:00+00');
       INSERT INTO auth_events (occurred_at, event, outcome)
       VALUES ('2025-01-31 23:59:59+00', 'authz_fail', 'failure')`,
    );
    const before = await countedEvents();

    await withClient(database.url, (client) =>
      client.query(questions.get('How are old days removed?')!),
    );

    expect(await countedEvents()).toBe(before - 1);
  });

  it('How is a person erased? No row goes, and no question finds the person', async () => {
    const before = await countedEvents();

    await withClient(database.url, async (client) => {
      await client.query('BEGIN');
      await client.query(questions.get('How is a person erased?')!);
      const { rows } = await client.query<{ text: string }>(
        'SELECT to_jsonb(entry)::text AS text FROM auth_events AS entry',
      );
      await client.query('ROLLBACK');

      expect(rows).toHaveLength(before + 1);
      expect(rows.filter(({ text }) => text.includes('"ada"'))).toEqual([]);
      expect(rows.filter(({ text }) => text.includes('"mallory"'))).toHaveLength(1);
    });
  });
});

describe('The document', () => {
  it('has a heading of its own for each block of SQL, and a test for each heading', () => {
    expect(questions.size).toBe(documentedBlocks());
    expect([...questions.keys()]).toEqual([
      'Who logged out, when, from where, and which token?',
      'From which addresses did attempts fail?',
      'What came from this address or network?',
      'What has this user done?',
      'What happened to this token?',
      'Who presented a token after its logout?',
      'Who tried to log out another user?',
      'Which networks were rate limited?',
      'How many failures were counted instead of written, and why did they fail?',
      'From which networks did they come?',
      // The tests of these are in session-questions.spec.ts.
      'Where has this user logged in, and which sessions are open?',
      'What happened in this session, from its begin to its end?',
      'Whose refresh tokens were stolen?',
      'What was revoked for many tokens at once, by whom?',
      'Who was signed out from all devices?',
      ...FOR_OWNERS,
    ]);
  });

  it.each(['auth_events', 'revoked_tokens', 'auth_sessions'])(
    'explains every column of %s',
    async (table) => {
      const columns = await database.query(
        'SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1',
        [table],
      );
      const section = documentedText().split(`### \`${table}\``)[1]!.split('\n#')[0]!;

      expect(columns.filter(({ name }) => !section.includes(`\`${String(name)}\``))).toEqual([]);
    },
  );

  it('explains every reason that occurs', async () => {
    const reasons = await database.query(
      `SELECT DISTINCT reason FROM auth_events WHERE reason IS NOT NULL`,
    );

    expect(reasons.filter(({ reason }) => !explains(String(reason)))).toEqual([]);
  });

  it.each(REASONS)('explains the reason %s', (reason) => {
    expect(explains(reason)).toBe(true);
  });

  function explains(reason: string): boolean {
    const section = documentedText().split('## What is recorded')[1]!;
    return section.includes(`\`${reason}\``);
  }
});

/** @returns how many rows each of the auditors' questions has. */
async function askAll(client: Client): Promise<number[]> {
  const counts: number[] = [];
  for (const [heading, sql] of questions)
    if (!FOR_OWNERS.includes(heading)) counts.push((await client.query(sql)).rows.length);
  return counts;
}

async function countedEvents(): Promise<number> {
  const [row] = await database.query('SELECT count(*)::int AS events FROM auth_events');
  return Number(row!['events']);
}
