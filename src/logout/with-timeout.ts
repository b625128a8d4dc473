/** What was waited for took longer than it may. It may still end one day. */
export class TimedOutError extends Error {}

/**
 * Resolves or rejects as `work` does, unless that takes too long.
 * @param what is named in the error: "A session terminator".
 * @throws {TimedOutError} rejects with it after `timeoutMs`.
 */
export async function withTimeout<Result>(
  what: string,
  work: Promise<Result>,
  timeoutMs: number,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TimedOutError(`${what} took longer than ${timeoutMs} ms.`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
