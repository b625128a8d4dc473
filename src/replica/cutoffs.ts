import type { RevocationKey } from '../tokens/identity';

/** Keys looked at by one `forget`: so it takes a millisecond at most. */
const LOOKED_AT_ONCE = 5000;

interface Cutoff {
  /** What was issued then or before is refused; in ms since the epoch. */
  readonly issuedBefore: number;
  /** In ms since the epoch. */
  readonly expiresAt: number;
}

/** Revocations of what was issued up to an instant: of subjects, clients and issuers. */
export class Cutoffs {
  /** By key those that no other one includes. There is one, as a rule. */
  private readonly byKey = new Map<RevocationKey, readonly Cutoff[]>();
  private held = 0;
  private looking = this.byKey.entries();

  get size(): number {
    return this.held;
  }

  /** Whether one is held that refuses as much, for as long. */
  has(key: RevocationKey, issuedBefore: number, expiresAt: number): boolean {
    const asked = { issuedBefore, expiresAt };
    return this.byKey.get(key)?.some((known) => includes(known, asked)) ?? false;
  }

  add(key: RevocationKey, issuedBefore: number, expiresAt: number): void {
    const added = { issuedBefore, expiresAt };
    const known = this.byKey.get(key) ?? [];
    this.replace(key, known, [...known.filter((one) => !includes(added, one)), added]);
  }

  /** Whether a token with this key, issued then, is refused. */
  covers(key: RevocationKey, issuedAt: number): boolean {
    return this.byKey.get(key)?.some(({ issuedBefore }) => issuedBefore >= issuedAt) ?? false;
  }

  /** Forgets what is not live at `now`, of the next 5 000 keys; never what is. */
  forget(now: number): void {
    for (let looked = 0; looked < LOOKED_AT_ONCE; looked += 1) {
      const next = this.looking.next();
      if (next.done === true) {
        this.looking = this.byKey.entries();
        return;
      }
      this.forgetOf(next.value[0], next.value[1], now);
    }
  }

  private forgetOf(key: RevocationKey, known: readonly Cutoff[], now: number): void {
    const live = known.filter(({ expiresAt }) => expiresAt >= now);
    if (live.length < known.length) this.replace(key, known, live);
  }

  private replace(key: RevocationKey, known: readonly Cutoff[], held: readonly Cutoff[]): void {
    if (held.length === 0) this.byKey.delete(key);
    else this.byKey.set(key, held);
    this.held += held.length - known.length;
  }
}

/** Whether `one` refuses whatever `other` refuses, for as long. */
function includes(one: Cutoff, other: Cutoff): boolean {
  return one.issuedBefore >= other.issuedBefore && one.expiresAt >= other.expiresAt;
}
