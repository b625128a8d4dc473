/**
 * The time limits of a store for all that is not about a time limit: a busy machine may stand still
 * for seconds.
 */
export const PATIENCE = { lookupTimeoutMs: 10_000, writeTimeoutMs: 10_000 } as const;
