import { ANSWERS } from '../support/answers';
import type { HostileCase } from './hostile-case';
import { type Exchange, isOfParser } from './invariants';
import { findProperty } from './properties/find-property';
import { acceptableStatuses } from './required-status';
import { LIMIT, type Run } from './run';
import { CaseRun } from './case-run';
import type { SlowClients } from './slow-clients';
import { takeStep } from './steps';
import { hasForbiddenField, sendAndLeave } from './wire';

/** Runs a case, once for each of its variants, and checks everything that it asks for. */
export async function replay(
  run: Run,
  hostileCase: HostileCase,
  slow?: Promise<SlowClients>,
): Promise<void> {
  const checks = (hostileCase.expect.property ?? []).map(findProperty);
  for (const given of variantsOf(hostileCase)) {
    const caseRun = await CaseRun.open(run, hostileCase, given);
    await sendCase(caseRun, slow);
    expectAnswers(caseRun);
    for (const check of checks) await check(caseRun);
    await followUp(caseRun);
  }
}

/** Every combination of the variants. */
export function variantsOf({ variants = {} }: HostileCase): Readonly<Record<string, string>>[] {
  return Object.entries(variants).reduce<Record<string, string>[]>(
    (combinations, [name, values]) =>
      combinations.flatMap((each) => values.map((value) => ({ ...each, [name]: value }))),
    [{}],
  );
}

async function sendCase(caseRun: CaseRun, slow: Promise<SlowClients> | undefined): Promise<void> {
  const { hostileCase, exchanges } = caseRun;
  // Before the setup: what is accepted in the beginning may not be afterwards.
  const request = await caseRun.render(hostileCase.request, { i: 1 });
  for (const step of hostileCase.setup ?? []) await takeStep(caseRun, step);
  await caseRun.takeBaseline();
  if (slow !== undefined) caseRun.slow = await (await slow).outcome;
  else if (hostileCase.transport === 'abort') await sendAndLeave(caseRun.route, request);
  else if (hostileCase.concurrency !== undefined) exchanges.push(...(await rush(caseRun)));
  else
    for (let i = 1; i <= timesOf(hostileCase); i += 1)
      exchanges.push(await caseRun.exchange(await caseRun.render(hostileCase.request, { i })));
}

/** All at once, over as many instances as the case asks for. */
async function rush(caseRun: CaseRun): Promise<Exchange[]> {
  const { concurrency = 1, instances = 1, request } = caseRun.hostileCase;
  const urls: string[] = [];
  for (let index = 0; index < instances; index += 1)
    urls.push((await caseRun.run.instance(index)).url);
  const requests = Array.from({ length: concurrency }, (_, i) => caseRun.render(request, { i }));
  return Promise.all(
    (await Promise.all(requests)).map((each, index) =>
      caseRun.exchange(each, { url: urls[index % instances] ?? '' }),
    ),
  );
}

/**
 * How often the case's request is sent. Where a property measures over so many repetitions, it
 * sends them itself, and twice is enough here: done, and done again.
 */
export function timesOf({ repeat = 1, instances = 1, expect }: HostileCase): number {
  if (expect.property?.some((sentence) => sentence.includes(`over ${repeat} pairs`)) === true)
    return 2;
  if (typeof repeat === 'number') return repeat;
  const values: Readonly<Record<string, number>> = { limit: LIMIT, instances };
  return repeat.split('+').reduce((sum, product) => sum + productOf(product, values), 0);
}

function productOf(product: string, values: Readonly<Record<string, number>>): number {
  return product.split('*').reduce((result, factor) => {
    const value = values[factor.trim()] ?? Number(factor);
    if (!Number.isInteger(value)) throw new Error(`Unknown number of repetitions: "${factor}"`);
    return result * value;
  }, 1);
}

const PAYLOADS: Readonly<Record<string, { readonly status: number; readonly text: string }>> = {
  DOC_200: ANSWERS.loggedOut,
  DOC_401: ANSWERS.refused,
  DOC_403_EXPIRED: ANSWERS.expired,
  DOC_429: ANSWERS.tooMany,
  DOC_500: ANSWERS.internal,
};

/** Of requests in a row the last counts; of those at once, each. */
function expectAnswers({ hostileCase, exchanges, slow }: CaseRun): void {
  const { status, payload } = hostileCase.expect;
  if (slow !== undefined) for (const each of slow.statuses) expect(status).toContain(each);
  const counting = hostileCase.concurrency === undefined ? exchanges.slice(-1) : exchanges;
  for (const exchange of counting) expectAnswer(exchange, status, payload);
}

function expectAnswer(
  { request, answer }: Exchange,
  listed: readonly number[],
  payload: string | undefined,
): void {
  // Refused before anything of ours could see it, which is as good as any answer of ours.
  if (hasForbiddenField(request) && isOfParser(answer)) return;
  const acceptable = acceptableStatuses(request, listed);
  if (!acceptable.includes(0)) expect(acceptable).toContain(answer.status);
  if (payload === undefined) return;
  const documented = PAYLOADS[payload];
  if (documented === undefined) throw new Error(`Unknown payload: "${payload}"`);
  if (acceptable.includes(documented.status))
    expect([answer.status, answer.text]).toEqual([documented.status, documented.text]);
}

async function followUp(caseRun: CaseRun): Promise<void> {
  for (const { expect: expected, ...request } of caseRun.hostileCase.follow_up ?? []) {
    const exchange = await caseRun.exchange(await caseRun.render(request));
    expectAnswer(exchange, expected.status, expected.payload);
    for (const sentence of expected.property ?? []) await findProperty(sentence)(caseRun);
  }
}
