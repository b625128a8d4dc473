type Ending = () => void | Promise<void>;

// Jest loads set-up and teardown apart from each other; only the global object is common to both.
const shared: typeof globalThis & { endings?: Ending[] } = globalThis;

/** Keeps what the set-up wants done after the last test. */
export function whenDone(ending: Ending): void {
  (shared.endings ??= []).push(ending);
}

/** Does it: stops the shared PostgreSQL, for one, if the set-up started one. */
export default async function globalTeardown(): Promise<void> {
  for (const end of shared.endings?.splice(0) ?? []) await end();
}
