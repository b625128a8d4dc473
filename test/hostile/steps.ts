import { setTimeout as sleep } from 'node:timers/promises';
import { ANSWERS } from '../support/answers';
import { LIMIT } from './run';
import type { CaseRun } from './case-run';
import { wholeTemplate } from './templates';

type Step = (caseRun: CaseRun, match: readonly string[]) => Promise<void>;

/** What has to happen before the case's own request, by the sentence that the case uses. */
const STEPS: readonly [RegExp, Step][] = [
  [/^([A-Z]+) (\S+)(?: with (\{\{.+\}\}))?(?: -> (\d{3}))?$/, request],
  [/^(?:logout|revoke) (\{\{.+\}\})$/, (caseRun, [, token]) => request(caseRun, loggingOut(token))],
  [/^exhaust limit on (\S+)$/, exhaust],
  [/^user logs in again -> (\{\{.+\}\})$/, logIn],
  [
    /^(?:wait|sleep) (\d+) ?(ms|s)$/,
    (_, [, n, unit]) => sleep(Number(n) * (unit === 's' ? 1000 : 1)),
  ],
];

/** @throws {Error} the sentence is unknown. */
export async function takeStep(caseRun: CaseRun, sentence: string): Promise<void> {
  await stepFor(sentence)(caseRun);
}

/** @throws {Error} the sentence is unknown. */
export function stepFor(sentence: string): (caseRun: CaseRun) => Promise<void> {
  for (const [pattern, step] of STEPS) {
    const match = pattern.exec(sentence);
    if (match !== null) return (caseRun) => step(caseRun, match);
  }
  throw new Error(`Unknown step of a setup: "${sentence}"`);
}

const loggingOut = (token = ''): readonly string[] => [
  '',
  'POST',
  '/api/v1/auth/logout',
  token,
  '200',
];

/** A request with a token as its bearer; a POST names it in its body, too. */
async function request(
  caseRun: CaseRun,
  [, method = '', path = '', token, status]: readonly string[],
): Promise<void> {
  const bearer = token ?? '{{valid_token}}';
  const headers = { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' };
  const body = method === 'POST' ? `{"token":"${bearer}"}` : '';
  const rendered = await caseRun.render({ method, path, headers, body });
  const { answer } = await caseRun.exchange(rendered);
  if (status !== undefined) expect(answer.status).toBe(Number(status));
}

/** No user's token: the address alone is counted. */
async function exhaust(caseRun: CaseRun, [, path = '']: readonly string[]): Promise<void> {
  const headers = { Authorization: 'Bearer {{random_jwt}}', 'Content-Type': 'application/json' };
  const stranger = { method: 'POST', path, headers, body: '{"token":"{{random_jwt}}"}' };
  const rendered = await caseRun.render(stranger);
  for (let count = 0; count < LIMIT; count += 1) await caseRun.exchange(rendered);
  const { answer } = await caseRun.exchange(rendered);
  expect([answer.status, answer.text]).toEqual([429, ANSWERS.tooMany.text]);
}

async function logIn(caseRun: CaseRun, [, template = '']: readonly string[]): Promise<void> {
  const token = await caseRun.values.text(wholeTemplate(template) ?? template);
  expect((await caseRun.me(token)).status).toBe(200);
}
