import type { VerifiedToken } from '../tokens/token-verifier';
import type { Claims } from '../tokens/claims';
import { TokenRejectedError } from '../revocation/errors';
import {
  rejection,
  type Authentication,
  type RevokedTokensService,
} from '../revocation/revoked-tokens.service';
import { onceKnown } from '../revocation/once-known';
import { bearerCredentials } from './bearer';
import { originOf, rawRequest, type PlatformRequest } from './platform';

/**
 * The host's own check, run on every request whose token is live: returns what becomes
 * `request.user`; `null`, `undefined` or `false` refuses.
 */
export type ValidateHook = (claims: Claims, request: object) => unknown;

/**
 * Where a request's raw headers keep the token it was let in with. Not the request itself: one more
 * property costs an Express request microseconds, because each has a hidden class of its own; and
 * so does a WeakMap that gets a key with each request.
 */
const ADMITTED = Symbol('nestjs-logout:admitted');

interface RawHeaders extends Array<string> {
  [ADMITTED]?: VerifiedToken;
}

/** The token a guard of ours let this request in with, if one did. */
export function admittedToken(request: PlatformRequest | undefined): VerifiedToken | undefined {
  return request && rawHeadersOf(request)?.[ADMITTED];
}

/** Absent where a context of Nest's is not of HTTP. */
function rawHeadersOf(request: PlatformRequest): RawHeaders | undefined {
  return rawRequest(request).rawHeaders;
}

/** From a request to who sent it: the one way for door, guard and strategy. */
export class RequestAuthenticator {
  constructor(
    private readonly tokens: RevokedTokensService,
    private readonly validate: ValidateHook | undefined,
  ) {}

  /**
   * What the request's bearer token is worth now.
   * @throws {StoreUnavailableError} or rejects with it; the request must not be let in.
   */
  authenticate(request: PlatformRequest): Authentication | Promise<Authentication> {
    const credentials = bearerCredentials(rawRequest(request));
    if (credentials.kind === 'none') return { verdict: 'missing' };
    if (credentials.kind === 'unreadable') return { verdict: 'refused', cause: 'form' };
    return this.tokens.authenticate(credentials.token, () => originOf(request));
  }

  /** Whether the text is the very token that the request presents, character for character. */
  presents(text: unknown, request: PlatformRequest): boolean {
    const credentials = bearerCredentials(rawRequest(request));
    return credentials.kind === 'bearer' && credentials.token === text;
  }

  /**
   * Lets a request in: from here on `admittedToken` knows its token. Throws or rejects.
   * @returns the user, or a promise: what the host's hook made of the claims, or the claims.
   * @throws {TokenRejectedError} it has no live bearer token, or the host's hook refused it.
   * @throws {StoreUnavailableError} it must not be let in.
   */
  admit(request: PlatformRequest): unknown {
    return onceKnown(this.authenticate(request), (authentication) => {
      if (authentication.verdict !== 'live') throw rejection(authentication);
      const { token } = authentication;
      return onceKnown(this.userOf(token.claims, request), (user) => {
        if (user === null || user === undefined || user === false)
          throw new TokenRejectedError('TOKEN_INVALID', 'refused_by_host');
        const rawHeaders: RawHeaders = rawRequest(request).rawHeaders;
        rawHeaders[ADMITTED] = token;
        return user;
      });
    });
  }

  private userOf(claims: Claims, request: PlatformRequest): unknown {
    return this.validate === undefined ? claims : this.validate(claims, request);
  }
}
