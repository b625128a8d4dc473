type Ending = () => Promise<void>;

// Jest loads set-up and teardown apart from each other; only the global object is common to both.
const shared: typeof globalThis & { endTestCluster?: Ending } = globalThis;

/** Keeps what the set-up wants done after the last test. */
export function whenDone(ending: Ending): void {
  shared.endTestCluster = ending;
}

/** Stops the shared PostgreSQL, if the set-up started one. */
export default async function globalTeardown(): Promise<void> {
  await shared.endTestCluster?.();
}
