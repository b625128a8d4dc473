import type { IssuersWithoutKeys } from '../tokens/verification/token-verifier';
import type { RevocationStore } from './revocation-store';
import type { StoreStatus } from './store-status';

/** Whether this instance can tell revoked tokens from live ones, and by what. Holds no secret. */
export interface Readiness {
  /**
   * Something answers, the clocks agree, and no keys of issuers are waited for: the instance may be
   * sent requests. Keys are waited for until each issuer has answered once; for a minute at most, where
   * the tokens of another can be checked.
   */
  readonly isReady: boolean;
  /** What tells whether a token is revoked; `nothing`: every token is refused. */
  readonly answersFrom: 'memory' | 'store' | 'nothing';
  /** What wakes the replica; `null` where there is none. */
  readonly feed: StoreStatus['feed'];
  /** How old what memory knows may be, in ms; `null` where there is no replica, or no lease yet. */
  readonly leaseAgeMs: number | null;
  /** How far this clock is ahead of the store's, in ms; `null` before the first answer. */
  readonly skewMs: number | null;
  /** Issuers whose keys are not known now: their tokens get 500, and those of others do not. */
  readonly issuersWithoutKeys: readonly string[];
}

const NONE: IssuersWithoutKeys = { awaited: [], unknown: [] };

/** A key of the right form that no token has. */
const NO_TOKEN = '0'.repeat(64);

/** Checks a key that no token has. This is a look-up in the store unless memory answers. */
export async function readinessOf(
  store: RevocationStore,
  issuers: IssuersWithoutKeys = NONE,
): Promise<Readiness> {
  const isAnswered = await answers(store);
  const { awaited, unknown } = issuers;
  const { replica, feed, skewMs } = store.status();
  return {
    isReady: isAnswered && store.clock.isTrusted && awaited.length === 0,
    answersFrom: isAnswered ? (replica?.answersFrom ?? 'store') : 'nothing',
    feed,
    leaseAgeMs: rounded(replica?.leaseAgeMs),
    skewMs: rounded(skewMs),
    issuersWithoutKeys: unknown,
  };
}

async function answers(store: RevocationStore): Promise<boolean> {
  try {
    await store.isRevoked({ absolute: [NO_TOKEN], cutoffs: [] });
    return true;
  } catch {
    // What went wrong stands in the log of the requests that it refused.
    return false;
  }
}

function rounded(milliseconds: number | null = null): number | null {
  return milliseconds === null ? null : Math.round(milliseconds);
}
