/**
 * Which of the instances with a relay leads. Adapter: Postgres, by an advisory lock; a port because
 * a test must take the lead away at any moment.
 */
export abstract class RelayLead {
  /**
   * Does the work while this instance leads. A leader that stands still loses the lead within
   * seconds; `signal` tells one that goes on.
   * @returns `false` at once where another instance leads: nothing was done.
   * @throws what the work fails with, or that nothing can tell who leads.
   */
  abstract whileLeading(work: (signal: AbortSignal) => Promise<void>): Promise<boolean>;

  /** Gives up the lead. `whileLeading` may follow. Idempotent; never fails. */
  abstract close(): Promise<void>;
}
