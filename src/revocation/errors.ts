/** Why a token was not accepted. */
export type TokenRejection =
  | 'TOKEN_MISSING' // no credentials in the request
  | 'TOKEN_INVALID' // malformed, wrong key, wrong algorithm, unacceptable claims, not yet valid
  | 'TOKEN_EXPIRED' // genuine in all else (RFC 7519 §4.1.4)
  | 'TOKEN_REVOKED' // ended before its `exp`
  | 'TOKEN_NOT_OWN'; // a token of another issuer or subject than the bearer's

export type RevocationErrorCode = TokenRejection | 'STORE_UNAVAILABLE';

/** Base of every error this package throws on purpose. Knows nothing of HTTP. */
export abstract class RevocationError extends Error {
  abstract readonly code: RevocationErrorCode;
  override readonly name = this.constructor.name;
}

/** The token was not accepted, and nothing was changed. */
export class TokenRejectedError extends RevocationError {
  constructor(
    readonly code: TokenRejection,
    /** What exactly was wrong, for the audit; never for the client, never quoting the token. */
    readonly detail: string = code.toLowerCase(),
  ) {
    super('The token was not accepted.');
  }
}

/** The store gave no answer. Whether a write took effect is unknown; repeating it is safe. */
export class StoreUnavailableError extends RevocationError {
  readonly code = 'STORE_UNAVAILABLE';

  constructor(operation: string, options?: ErrorOptions) {
    super(`The revocation store could not ${operation}.`, options);
  }
}
