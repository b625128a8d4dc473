import { randomBytes } from 'node:crypto';
import type { AuditEvent } from '../../audit/audit-event';
import type { Revocation } from '../../revocation/revocation';
import type { RevocationStore } from '../../revocation/revocation-store';
import type { RevocationKey } from '../../tokens/identity';
import type { RevocationQuery } from '../../tokens/scopes';

const HOUR_MS = 3_600_000;

/** What defines tests: the functions of jest or vitest; of other runners, by these names. */
export interface TestRunner {
  readonly describe: (title: string, define: () => void) => unknown;
  readonly it: (title: string, work: () => Promise<void>) => unknown;
  readonly beforeAll: (work: () => Promise<void>) => unknown;
  readonly afterAll: (work: () => Promise<void>) => unknown;
}

/** An open store, and the instant that its own clock shows. */
export interface StoreUnderTest {
  readonly store: RevocationStore;
  readonly now: () => Promise<Date>;
}

/** A store under test, and what its tests are written with. */
export class Contract implements TestRunner {
  readonly describe: TestRunner['describe'];
  readonly it: TestRunner['it'];
  readonly beforeAll: TestRunner['beforeAll'];
  readonly afterAll: TestRunner['afterAll'];
  private opened: { readonly store: RevocationStore; readonly now: Date } | undefined;

  constructor(
    { describe, it, beforeAll, afterAll }: TestRunner,
    private readonly openStore: () => Promise<StoreUnderTest>,
    /** Whether it forgets a revocation as soon as that expires; a replica may do so later. */
    readonly forgetsAtOnce: boolean,
  ) {
    this.describe = describe;
    this.it = it;
    this.beforeAll = beforeAll;
    this.afterAll = afterAll;
  }

  async open(): Promise<void> {
    const { store, now } = await this.openStore();
    this.opened = { store, now: await now() };
  }

  async openAnother(): Promise<RevocationStore> {
    return (await this.openStore()).store;
  }

  get store(): RevocationStore {
    return this.current.store;
  }

  /** When it was opened, by its own clock. */
  get now(): Date {
    return this.current.now;
  }

  /** One test for each row; the first member of a row stands in the title for `%s`. */
  each<Row extends readonly [string, ...unknown[]]>(
    rows: readonly Row[],
    title: string,
    work: (...row: Row) => Promise<void>,
  ): void {
    for (const row of rows) this.it(title.replace('%s', row[0]), () => work(...row));
  }

  /** A logout of a token that is new to the store, good for another hour by its own clock. */
  fresh(changes: Partial<Revocation> = {}): Revocation {
    return revocation({ expiresAt: later(this.now, HOUR_MS), ...changes });
  }

  cutoff(issuedBefore: Date, key: RevocationKey = randomKey()): Revocation {
    return this.fresh({ key, scope: 'subject', issuedBefore });
  }

  private get current(): { readonly store: RevocationStore; readonly now: Date } {
    if (this.opened === undefined) throw new Error('The store of the contract is not open.');
    return this.opened;
  }
}

export const randomKey = (): RevocationKey => randomBytes(32).toString('hex');

export const later = (instant: Date, ms: number): Date => new Date(instant.getTime() + ms);

/** A logout of a token that is new to every store, good for another hour. */
export function revocation(changes: Partial<Revocation> = {}): Revocation {
  return {
    key: randomKey(),
    scope: 'token',
    issuedBefore: 'infinity',
    expiresAt: new Date(Date.now() + HOUR_MS),
    ...changes,
  };
}

export function logout(changes: Partial<AuditEvent> = {}): AuditEvent {
  return { event: 'authn_token_revoked', outcome: 'success', ...changes };
}

/** The question about a token with these keys, issued then, whatever each of them is of. */
export const about = (keys: readonly RevocationKey[], issuedAt = new Date()): RevocationQuery => ({
  absolute: keys,
  cutoffs: keys.map((key) => ({ key, at: issuedAt.getTime() })),
});

/** The text of a cursor as the stores encode theirs. */
export const cursor = (text: string): string => Buffer.from(text).toString('base64url');

/** What is known of a thing: members that are `undefined` do not count. */
export function known<T extends object>(thing: T | undefined): Partial<T> {
  const entries = Object.entries(thing ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

export const reasonsOf = (found: readonly { readonly reason?: string }[]): (string | undefined)[] =>
  found.map(({ reason }) => reason);
