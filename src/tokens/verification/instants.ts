import { issuedAtMs, type Claims } from './claims';

/** What the cutoffs of a token compare with, each in ms since the epoch, rounded down. */
export interface Instants {
  /** When the token was issued, or the session that it belongs to was begun. */
  readonly begunMs: number;
  /** When the token itself was issued. */
  readonly issuedMs: number;
}

/**
 * What says when a token's session was begun. `opened_ms`: the token is of our own sessions, and
 * says in milliseconds when that was, and by `iat_ms` when it was itself issued.
 */
export type CutoffClaim = 'iat' | 'auth_time' | 'opened_ms';

/** The claims of our own sessions, which are believed from their issuer alone. */
const OWN_INSTANTS = ['opened_ms', 'iat_ms'] as const;

/** Where a claim is absent or of a wrong form, that was at the epoch: every cutoff covers it. */
export function instantsOf(claims: Claims, claim: CutoffClaim): Instants {
  const issuedMs = issuedAtMs(claims);
  switch (claim) {
    case 'iat':
      return { begunMs: issuedMs, issuedMs };
    case 'auth_time':
      return { begunMs: Math.min(authenticatedMs(claims), issuedMs), issuedMs };
    case 'opened_ms':
      return { begunMs: ownInstant(claims.opened_ms), issuedMs: ownInstant(claims.iat_ms) };
  }
}

/** The first of the claims of our own sessions that is absent or of a wrong form. */
export function faultyInstant(claims: Claims): string | undefined {
  return OWN_INSTANTS.find((name) => !isOwnInstant(claims[name]));
}

/** Of the user (OpenID Connect Core §2). Never later than `iat`: that would escape cutoffs. */
function authenticatedMs({ auth_time: seconds }: Claims): number {
  return typeof seconds === 'number' && seconds >= 0 ? Math.floor(seconds * 1000) : 0;
}

const ownInstant = (ms: unknown): number => (isOwnInstant(ms) ? ms : 0);

function isOwnInstant(ms: unknown): ms is number {
  return Number.isSafeInteger(ms) && Number(ms) >= 0;
}
