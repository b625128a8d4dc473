import { until } from '../../support/until';
import type { CaseRun } from '../case-run';

/** Fails, as any expectation does, when the property does not hold of what was sent and answered. */
export type Check = (caseRun: CaseRun, match: readonly string[]) => Promise<void> | void;

/** A check by the sentence that the cases use for it, whole. */
export type Property = readonly [sentence: RegExp, check: Check];

/** Tries for up to three seconds, for what is written in the background. */
export function eventually<T>(
  find: () => Promise<T | undefined>,
): Promise<Exclude<T, false | undefined>> {
  return until(find, { withinMs: 3000, everyMs: 50 });
}
