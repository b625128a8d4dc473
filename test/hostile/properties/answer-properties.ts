import { ANSWERS } from '../../support/answers';
import { type Exchange, INTERNALS, isOfParser, leakedInto } from '../invariants';
import type { CaseRun } from '../case-run';
import { headerOf } from '../required-status';
import { send, type WireAnswer } from '../wire';
import type { Property } from './property';

/** What the answers say, and what they keep to themselves. */
export const ANSWER_PROPERTIES: readonly Property[] = [
  [/^WWW-Authenticate present if configured$/, challenged],
  [
    /^never (\d{3})$/,
    ({ exchanges }, [, status]) => {
      expect(statuses(exchanges)).not.toContain(Number(status));
    },
  ],
  [
    /^at least one (\d{3})$/,
    ({ exchanges }, [, status]) => {
      expect(statuses(exchanges)).toContain(Number(status));
    },
  ],
  [
    /^exactly one (\d{3})$/,
    ({ exchanges }, [, status]) => {
      expect(statuses(exchanges).filter((each) => each === Number(status))).toHaveLength(1);
    },
  ],
  [
    /^no 500(?:, no deadlock)?$/,
    ({ exchanges, newOutput }) => {
      expect(Math.max(...statuses(exchanges))).toBeLessThan(500);
      expect(newOutput).not.toMatch(/deadlock/i);
    },
  ],
  [
    /^(?:answers?|response) (?:in )?(?:under|within) (\d+) ?(ms|s)$/,
    ({ exchanges }, [, limit, unit]) => {
      const slowest = Math.max(...exchanges.map(({ answer }) => answer.elapsedMs));
      expect(slowest).toBeLessThan(Number(limit) * (unit === 's' ? 1000 : 1));
    },
  ],
  [/^rejected by the HTTP parser$/, rejectedByParser],
  [/^process stays up$/, staysUp],
  [
    /^connection closed$/,
    ({ last }) => {
      expect(last.answer.isClosedByServer).toBe(true);
    },
  ],
  [
    /^body may be empty on 431 \(Node answers before the framework\)$/,
    ({ last: { answer } }) => {
      expect(isOfParser(answer) || answer.text === ANSWERS.refused.text).toBe(true);
    },
  ],
  [/^stable JSON shape, not 500$/, stableShape],
  [/^(?:does not echo body text|(?:the )?message does not echo (?:the )?body)$/, echoesNothing],
  [
    /^response and logs contain no token text, no stack, no SQL, no library error message$/,
    discreet,
  ],
  [
    /^canary receives no request$/,
    ({ run, before }) => {
      expect(run.canary.requests).toBe(before.canary);
    },
  ],
  [/^Retry-After \(exact name\) with integer seconds$/, retryAfter],
  [/^same bytes as a garbage body token$/, sameAsGarbage],
];

function statuses(exchanges: readonly Exchange[]): number[] {
  return exchanges.map(({ answer }) => answer.status);
}

function challenged({ last: { request, answer } }: CaseRun): void {
  const isEmpty = headerOf(request, 'authorization') === undefined;
  const challenge = isEmpty ? 'Bearer' : 'Bearer error="invalid_token"';
  expect(answer.headers['www-authenticate']).toEqual([challenge]);
}

/** Neither the framework nor the audit has seen it. */
function rejectedByParser({ last, newOutput }: CaseRun): void {
  expect(isOfParser(last.answer)).toBe(true);
  expect(newOutput).toBe('');
}

async function staysUp({ service, run }: CaseRun): Promise<void> {
  expect(service.isRunning).toBe(true);
  const token = run.me(service.url, { url: service.url });
  expect((await token).status).toBe(401);
}

function stableShape({ last: { answer } }: CaseRun): void {
  expect(Object.keys(JSON.parse(answer.text) as object)).toEqual(['success', 'message']);
  expect(answer.status).toBeLessThan(500);
}

/** No word of the request's body of some length. */
function echoesNothing({ last: { request, answer } }: CaseRun): void {
  const words = new Set(request.body.toString().match(/[\w-]{6,40}/g) ?? []);
  const echoed = [...words].filter((word) => answer.text.includes(word));
  expect(echoed).toEqual([]);
}

function discreet(caseRun: CaseRun): void {
  echoesNothing(caseRun);
  expect(leakedInto(caseRun.newOutput, caseRun.run.tokens)).toEqual([]);
  expect(caseRun.newOutput).not.toMatch(INTERNALS);
}

function retryAfter({ last: { answer } }: CaseRun): void {
  const names = Object.keys(answer.headers).filter((name) => name.startsWith('retry-after'));
  expect(names).toEqual(['retry-after']);
  const [seconds = '', ...more] = answer.headers['retry-after'] ?? [];
  expect([seconds, more]).toEqual([expect.stringMatching(/^[1-9]\d*$/), []]);
  expect(Number(seconds)).toBeLessThanOrEqual(60);
}

/** The bytes of the answer, its date apart. How long it takes is compared beside. */
export async function sameAsGarbage(caseRun: CaseRun): Promise<void> {
  const { request, answer } = caseRun.last;
  const body = Buffer.from('{"token":"garbage"}');
  const garbage = await send(caseRun.route, { ...request, body });
  expect(comparable(garbage)).toEqual(comparable(answer));
}

function comparable({ status, headers, text }: WireAnswer): unknown {
  return { status, headers: { ...headers, date: [] }, text };
}
