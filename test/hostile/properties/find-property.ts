import type { CaseRun } from '../case-run';
import { ANSWER_PROPERTIES } from './answer-properties';
import { LOAD_PROPERTIES } from './load-properties';
import type { Check } from './property';
import { RECORD_PROPERTIES } from './record-properties';
import { TOKEN_PROPERTIES } from './token-properties';
import { WEB_PROPERTIES } from './web-properties';

const PROPERTIES = [
  ...ANSWER_PROPERTIES,
  ...LOAD_PROPERTIES,
  ...RECORD_PROPERTIES,
  ...TOKEN_PROPERTIES,
  ...WEB_PROPERTIES,
];

/** Checked elsewhere: by the scan after the suite, and on a host with sessions. */
export const ELSEWHERE: readonly string[] = [
  'no signature part of any token in stdout, stderr, files, audit table, revoked table, pg_stat_statements, traces',
  'only hashes or jti',
  'session stays destroyed',
];

/**
 * The check for a sentence; of one that joins several by semicolons, all of them.
 * @throws {Error} there is no check for it.
 */
export function findProperty(sentence: string): (caseRun: CaseRun) => Promise<void> {
  const whole = findWhole(sentence);
  const parts = sentence.split('; ');
  if (whole !== undefined || parts.length === 1) return whole ?? unknown(sentence);
  const checks = parts.map((part) => findWhole(part) ?? unknown(sentence));
  return async (caseRun) => {
    for (const check of checks) await check(caseRun);
  };
}

function findWhole(sentence: string): ((caseRun: CaseRun) => Promise<void>) | undefined {
  for (const [pattern, check] of PROPERTIES) {
    const match = pattern.exec(sentence);
    if (match !== null) return (caseRun) => run(check, caseRun, match);
  }
  return undefined;
}

async function run(check: Check, caseRun: CaseRun, match: readonly string[]): Promise<void> {
  await check(caseRun, match);
}

function unknown(sentence: string): never {
  throw new Error(`Unknown property: "${sentence}"`);
}
