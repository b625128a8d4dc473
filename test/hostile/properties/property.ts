import type { CaseRun } from '../case-run';

/** Fails, as any expectation does, when the property does not hold of what was sent and answered. */
export type Check = (caseRun: CaseRun, match: readonly string[]) => Promise<void> | void;

/** A check by the sentence that the cases use for it, whole. */
export type Property = readonly [sentence: RegExp, check: Check];

/** Tries for up to three seconds, for what is written in the background. */
export async function eventually<T>(find: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 3000;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('It did not happen within three seconds.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
