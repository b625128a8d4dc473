import { RevocationError, TokenRejectedError } from '../revocation/errors';
import type { RefusalCause } from '../tokens/verification/token-verifier';

/** What a verifier finds wrong. A new cause does not compile until it has a place here. */
const CAUSES: Readonly<Record<RefusalCause, true>> = {
  form: true,
  header: true,
  algorithm: true,
  type: true,
  key: true,
  signature: true,
  claims: true,
  lifetime: true,
  issuer: true,
  audience: true,
  not_yet_valid: true,
};

const causes = Object.keys(CAUSES);

/** Every reason there is, in the words of the audit's column `reason`; nothing of a request's. */
export const REFUSAL_REASONS: readonly string[] = [
  'token_missing',
  'token_expired',
  'token_revoked',
  'token_not_own',
  'token_invalid', // found by somebody else than the verifier
  'refused_by_host', // by the option `validate`
  ...causes,
  'body_token_missing',
  ...causes.map((cause) => `body_token_${cause}`),
  'method_not_allowed',
  'too_many_requests',
  'unsupported_media_type',
  'content_too_large',
  'bad_request',
  'store_unavailable',
  'other',
];

/** How many requests were refused, by reason, since the start. */
export class RefusalCounts {
  // All from the start: an alert sees the first refusal only where there was a zero before it.
  private readonly counts = new Map(REFUSAL_REASONS.map((reason) => [reason, 0]));

  /** @param reason one of `REFUSAL_REASONS`; anything else counts as `other`. */
  count(reason: string): void {
    const known = this.counts.has(reason) ? reason : 'other';
    this.counts.set(known, (this.counts.get(known) ?? 0) + 1);
  }

  /** Counts a rejected token, or a store that gave no answer; other errors are no refusals. */
  countError(error: unknown): void {
    if (!(error instanceof RevocationError)) return;
    const detail = error instanceof TokenRejectedError ? error.detail : undefined;
    // A host may throw this error too, and write into the detail whom it refused.
    const isOurs = detail !== undefined && this.counts.has(detail);
    this.count(isOurs ? detail : error.code.toLowerCase());
  }

  [Symbol.iterator](): IterableIterator<[reason: string, count: number]> {
    return this.counts.entries();
  }
}
