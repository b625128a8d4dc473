const STEP_MS = 10;
/** A step that takes longer is one in which this process, or its machine, stood still. */
const LONGEST_STEP_MS = 50;

/**
 * How long the work took, in ms, but for what this process stood still meanwhile. For promises
 * about time: a busy machine may stop a process for seconds.
 */
export async function ranFor(work: () => Promise<unknown>): Promise<number> {
  let ranMs = 0;
  let last = performance.now();
  const step = (): void => {
    const now = performance.now();
    ranMs += Math.min(now - last, LONGEST_STEP_MS);
    last = now;
  };
  const steps = setInterval(step, STEP_MS);
  try {
    await work();
  } finally {
    clearInterval(steps);
    step();
  }
  return ranMs;
}
