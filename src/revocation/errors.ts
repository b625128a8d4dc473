import { isRefusalReason, type RefusalReason, type TokenReason } from '../audit/reasons';

/** Why a token was not accepted. */
export type TokenRejection =
  | 'TOKEN_MISSING' // no credentials in the request
  | 'TOKEN_INVALID' // malformed, wrong key, wrong algorithm, unacceptable claims, not yet valid
  | 'TOKEN_EXPIRED' // genuine in all else (RFC 7519 §4.1.4)
  | 'TOKEN_REVOKED' // ended before its `exp`
  | 'TOKEN_NOT_OWN' // a token of another issuer or subject than the bearer's
  | 'LOGOUT_TOKEN_INVALID'; // no logout token of an identity provider that we take any of

export type RevocationErrorCode =
  | TokenRejection
  | 'STORE_UNAVAILABLE'
  | 'ISSUER_UNAVAILABLE'
  | 'KEYS_IN_DOUBT'
  | 'INSTANCE_OUTDATED';

/** Base of every error this package throws on purpose. Knows nothing of HTTP. */
export abstract class RevocationError extends Error {
  abstract readonly code: RevocationErrorCode;
  override readonly name = this.constructor.name;
}

/** The reason where no more is known than the code. */
const REASON_OF_CODE: Readonly<Record<TokenRejection, TokenReason>> = {
  TOKEN_MISSING: 'token_missing',
  TOKEN_INVALID: 'token_invalid',
  TOKEN_EXPIRED: 'token_expired',
  TOKEN_REVOKED: 'token_revoked',
  TOKEN_NOT_OWN: 'token_not_own',
  LOGOUT_TOKEN_INVALID: 'logout_token_form',
};

/** The token was not accepted, and nothing was changed. */
export class TokenRejectedError extends RevocationError {
  /** What exactly was wrong, for log, audit and metrics; never for the client. */
  readonly reason: TokenReason;

  /** @param reason by default what the code says. */
  constructor(
    readonly code: TokenRejection,
    reason?: TokenReason,
  ) {
    super('The token was not accepted.');
    // A host may throw this error too, and write there whom it refused.
    this.reason = isRefusalReason(reason) ? reason : REASON_OF_CODE[code];
  }
}

/** Why a request failed, by the error that says so. */
export function reasonOf(error: unknown): RefusalReason {
  if (error instanceof TokenRejectedError) return error.reason;
  if (error instanceof IssuerUnavailableError) return 'issuer_unavailable';
  if (error instanceof KeysInDoubtError) return 'keys_in_doubt';
  return error instanceof StoreUnavailableError ? 'store_unavailable' : 'internal_error';
}

/** The keys of an issuer cannot be had, so its tokens cannot be told from forged ones. */
export class IssuerUnavailableError extends RevocationError {
  readonly code = 'ISSUER_UNAVAILABLE';

  /** @param issuer its name or names, as the options have them. */
  constructor(readonly issuer: string) {
    super(
      `The keys of the issuer ${JSON.stringify(issuer)} are not known now. Until they are fetched, its ` +
        'tokens are not accepted.',
    );
  }
}

/**
 * There is no final verdict on a token: no known key of its issuer has signed it, and the issuer has
 * not said since whether there is another. Nothing was changed; repeating it is safe. Any client can
 * cause this with a forged token: it is no outage.
 */
export class KeysInDoubtError extends RevocationError {
  readonly code = 'KEYS_IN_DOUBT';

  /** @param issuer its name, as the options have it. */
  constructor(readonly issuer: string) {
    super(
      `Whether the issuer ${JSON.stringify(issuer)} has a key that has signed the token is not known yet.`,
    );
  }
}

/** The store gave no answer. Whether a write took effect is unknown; repeating it is safe. */
export class StoreUnavailableError extends RevocationError {
  readonly code = 'STORE_UNAVAILABLE';

  constructor(operation: string, options?: ErrorOptions) {
    super(`The revocation store could not ${operation}.`, options);
  }
}

/**
 * Another instance answers from memory and runs a version that would not refuse what was to be
 * revoked: a session, or what was issued up to an instant. Nothing was changed.
 */
export class OutdatedInstanceError extends RevocationError {
  readonly code = 'INSTANCE_OUTDATED';

  constructor() {
    super(
      'Upgrade all instances first, then revoke again: one of them answers from memory and runs a ' +
        'version that knows revocations of single tokens alone. Nothing was changed.',
    );
  }
}
