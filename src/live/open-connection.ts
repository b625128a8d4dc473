import type { VerifiedToken } from '../tokens/verified-token';

/**
 * Why a connection ends. `revoked`, `expired`: its token. `unchecked`: nothing could tell for too
 * long whether the token is revoked; the client may come back with it.
 */
export type ConnectionEnd = 'revoked' | 'expired' | 'unchecked';

/** A connection that was opened with a token, and must not outlive it. */
export interface LiveConnection {
  readonly token: Pick<VerifiedToken, 'keys' | 'expiresAtMs'>;
  /** Ends the connection. Called once at most, and never while `open` runs. */
  readonly close: (end: ConnectionEnd) => void;
}

/** What is kept of an open connection. */
export interface OpenConnection {
  readonly keys: VerifiedToken['keys'];
  /** Since the epoch, by the store's clock; the tolerance for clocks is included. */
  readonly endsAtMs: number;
  readonly close: LiveConnection['close'];
  /** When its token was last looked up and not revoked; by the monotonic clock. */
  sureMs: number;
  /** From 0 to 1: where in the second half of the grace it ends, so that not all end together. */
  readonly share: number;
}
