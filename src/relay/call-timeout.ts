import { whole } from '../options/option';

/** Of everything that talks to a broker. */
export const CALL_TIMEOUT_MS = whole(10, 60_000, {
  unit: 'milliseconds',
  default: 400,
  says: 'How long a command may take before it fails and its connection is given up.',
});

/**
 * Waits for an answer, but not for ever: a client can hang on a connection that is half open. A late
 * result is ignored.
 * @param onLate called as this fails for want of an answer.
 * @throws {Error} `server` did not answer in time.
 */
export async function inTime<T>(
  server: string,
  timeoutMs: number,
  work: Promise<T>,
  onLate: () => void = () => undefined,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = (): void => {
      reject(new Error(`${server} did not answer within ${timeoutMs} ms.`));
      onLate();
    };
    // Node runs timers before it reads sockets, and immediates after it has.
    timer = setTimeout(() => {
      immediate = setImmediate(fail);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    clearImmediate(immediate);
  }
}
