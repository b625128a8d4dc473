/** How many requests a key may have in a window. */
export interface ThrottleRules {
  readonly limit: number;
  readonly windowMs: number;
}

/** Counts requests by key. Adapters: this process's memory, and a host's `ThrottlerStorage`. */
export abstract class RequestCounter {
  /**
   * Counts one request.
   * @returns `undefined`: it is within the limit; otherwise how long the key stays full, in ms.
   */
  abstract count(
    key: string,
    rules: ThrottleRules,
  ): number | undefined | Promise<number | undefined>;
}
