import { setTimeout as sleep } from 'node:timers/promises';

interface Patience {
  readonly withinMs?: number;
  readonly everyMs?: number;
}

/**
 * Asks again and again until the condition holds.
 * @returns what the condition returned then.
 * @throws {Error} it did not hold in time.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { withinMs = 20_000, everyMs = 10 }: Patience = {},
): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
    if (performance.now() > deadline) throw new Error(`It did not happen within ${withinMs} ms.`);
    await sleep(everyMs);
  }
}
