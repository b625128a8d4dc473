import { ANSWERS } from '../../support/answers';
import type { CaseRun } from '../case-run';
import { send, sendRaw, type WireRequest } from '../wire';
import { eventually, type Property } from './property';

/** What is written: rows, the audit, the log. */
export const RECORD_PROPERTIES: readonly Property[] = [
  [
    /^no row written(?: or row harmless)?$/,
    async ({ run, before }) => {
      expect(await run.revocations()).toBe(before.revocations);
    },
  ],
  [
    /^(?:exactly )?one row$/,
    async ({ run, values }) => {
      expect(await run.revocations(values.claims.jti)).toBe(1);
    },
  ],
  [
    /^second answer is the documented one$/,
    ({ last: { answer } }) => {
      expect([answer.status, answer.text]).toEqual([401, ANSWERS.refused.text]);
    },
  ],
  [/^audit row records the attempt$/, attemptRecorded],
  [/^no raw CR LF ESC in the log line$/, logLineClean],
  [
    /^one JSON line per event; user agent truncated to 512; CR LF TAB ESC and U\+2028 escaped$/,
    hostileValuesRecorded,
  ],
  [
    /^no token, user id or jti as a label$/,
    async (caseRun) => {
      for (const path of ['/metrics', '/health/live', '/health/ready', '/docs-json'])
        await labelsNobody(caseRun, path);
    },
  ],
];

type Row = Readonly<Record<string, unknown>>;

/** Repeated until it is not lost in the flood of earlier cases: 50 rows a second are kept. */
async function attemptRecorded(caseRun: CaseRun): Promise<void> {
  const row = await eventually(async () => {
    await send(caseRun.route, caseRun.last.request);
    return findEvent(caseRun, "outcome = 'failure'");
  });
  expect(row).toMatchObject({ subject: caseRun.values.userId, ip: '127.0.0.1' });
  expect(row.token_fingerprint).toMatch(/^[0-9a-f]{64}$/);
  expect(row.reason).toMatch(/^\w+$/);
}

/** The latest event of the valid token. */
async function findEvent({ run, values }: CaseRun, condition: string): Promise<Row | undefined> {
  const [row] = await run.database.query(
    `SELECT *, host(ip) AS ip FROM auth_events
     WHERE token_id = $1 AND ${condition} ORDER BY occurred_at DESC LIMIT 1`,
    [values.claims.jti],
  );
  return row;
}

/** Every line that the service printed is JSON, and every character of it prints. */
function expectCleanLines(text: string): unknown[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    return JSON.parse(line) as unknown;
  });
}

async function logLineClean(caseRun: CaseRun): Promise<void> {
  const line = await eventually(async () => {
    const lines = expectCleanLines(caseRun.newOutput);
    if (lines.length === 0) await send(caseRun.route, caseRun.last.request);
    return lines.find((each) => JSON.stringify(each).includes(caseRun.values.userId));
  });
  expect(line).toBeDefined();
}

const TAB = '\t';
const C1_ESCAPE = '\x9b31m';
const LINE_SEPARATOR = Buffer.from('\u2028').toString('latin1');

/**
 * HTTP's parser refuses most control characters in a header (RFC 9110 §5.5), and then nothing of
 * the case gets as far as a log. So the same is tried with all that the parser does let through, in
 * the header and, for U+2028, in a claim: names in claims have no other control character.
 */
async function hostileValuesRecorded(caseRun: CaseRun): Promise<void> {
  const jti = `jti\u2028${caseRun.values.userId}`;
  const token = caseRun.run.mint({ ...caseRun.values.claims, jti });
  const hostile = `x\\r\\n{"event":"logout"}${TAB}${C1_ESCAPE}${LINE_SEPARATOR}`;
  const userAgent = hostile + 'y'.repeat(2000);
  const start = caseRun.service.output.length;
  const answer = await sendRaw(caseRun.route, loggingOut(token, userAgent));
  expect(answer.status).toBe(200);
  const [row, ...more] = await caseRun.run.database.query(
    'SELECT user_agent FROM auth_events WHERE token_id = $1',
    [jti],
  );
  expect(more).toEqual([]);
  expectEscaped(String(row?.user_agent));
  const events = await eventually(() =>
    Promise.resolve(linesAbout(caseRun.service.output.slice(start), caseRun.values.userId)),
  );
  expect(events).toHaveLength(1);
}

function expectEscaped(userAgent: string): void {
  expect(userAgent).toHaveLength(512);
  expect(userAgent).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  expect(userAgent).toMatch(/\\u0009.*\\u009b31m/);
}

function linesAbout(output: string, userId: string): unknown[] | undefined {
  const lines = expectCleanLines(output).filter((line) => JSON.stringify(line).includes(userId));
  return lines.length > 0 ? lines : undefined;
}

function loggingOut(token: string, userAgent: string): WireRequest {
  return {
    method: 'POST',
    path: '/api/v1/auth/logout',
    headers: [
      ['Authorization', `Bearer ${token}`],
      ['Content-Type', 'application/json'],
      ['Connection', 'close'],
      ['User-Agent', userAgent],
    ],
    body: Buffer.from(JSON.stringify({ token })),
  };
}

/** The case's own request, sent to any path that tells of the service's health. */
async function labelsNobody(caseRun: CaseRun, path: string): Promise<void> {
  const { text } = await send(caseRun.route, { ...caseRun.last.request, path });
  const { sub, jti } = caseRun.values.claims;
  expect([sub, jti].filter((name) => text.includes(String(name)))).toEqual([]);
}
