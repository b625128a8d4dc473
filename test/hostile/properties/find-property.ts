import type { Scene } from '../scene';
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
 * @throws {Error} nobody knows how to check it.
 */
export function findProperty(sentence: string): (scene: Scene) => Promise<void> {
  const whole = findWhole(sentence);
  const parts = sentence.split('; ');
  if (whole !== undefined || parts.length === 1) return whole ?? unknown(sentence);
  const checks = parts.map((part) => findWhole(part) ?? unknown(sentence));
  return async (scene) => {
    for (const check of checks) await check(scene);
  };
}

function findWhole(sentence: string): ((scene: Scene) => Promise<void>) | undefined {
  for (const [pattern, check] of PROPERTIES) {
    const match = pattern.exec(sentence);
    if (match !== null) return (scene) => run(check, scene, match);
  }
  return undefined;
}

async function run(check: Check, scene: Scene, match: readonly string[]): Promise<void> {
  await check(scene, match);
}

function unknown(sentence: string): never {
  throw new Error(`Unknown property: "${sentence}"`);
}
