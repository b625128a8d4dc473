import type { VerifiedToken } from '../tokens/token-verifier';
import type { Claims } from '../tokens/claims';
import { TokenRejectedError } from '../revocation/errors';
import {
  rejection,
  type Authentication,
  type RevokedTokensService,
} from '../revocation/revoked-tokens.service';
import { bearerCredentials } from './bearer';
import { originOf, rawRequest, type PlatformRequest } from './platform';

/**
 * The host's own check, run on every request whose token is live: returns what becomes
 * `request.user`; `null`, `undefined` or `false` refuses.
 */
export type ValidateHook = (claims: Claims, request: object) => unknown;

/** Which token a request was let in with. Weak: forgotten with the request. */
const admitted = new WeakMap<object, VerifiedToken>();

/** The token a guard of ours let this request in with, if one did. */
export function admittedToken(request: object): VerifiedToken | undefined {
  return admitted.get(request);
}

/** From a request to who sent it: the one way for door, guard and strategy. */
export class RequestAuthenticator {
  constructor(
    private readonly tokens: RevokedTokensService,
    private readonly validate: ValidateHook | undefined,
  ) {}

  /**
   * What the request's bearer token is worth now.
   * @throws {StoreUnavailableError} the request must not be let in.
   */
  async authenticate(request: PlatformRequest): Promise<Authentication> {
    const credentials = bearerCredentials(rawRequest(request));
    if (credentials.kind === 'none') return { verdict: 'missing' };
    if (credentials.kind === 'unreadable') return { verdict: 'refused', cause: 'form' };
    return this.tokens.authenticate(credentials.token, originOf(request));
  }

  /**
   * Lets a request in: from here on `admittedToken` knows its token.
   * @returns the user: what the host's hook made of the claims, or the claims.
   * @throws {TokenRejectedError} it has no live bearer token, or the host's hook refused it.
   * @throws {StoreUnavailableError} it must not be let in.
   */
  async admit(request: PlatformRequest): Promise<unknown> {
    const authentication = await this.authenticate(request);
    if (authentication.verdict !== 'live') throw rejection(authentication);
    const { token } = authentication;
    const user = await this.userOf(token.claims, request);
    if (user === null || user === undefined || user === false)
      throw new TokenRejectedError('TOKEN_INVALID', 'refused_by_host');
    admitted.set(request, token);
    return user;
  }

  private async userOf(claims: Claims, request: PlatformRequest): Promise<unknown> {
    return this.validate === undefined ? claims : await this.validate(claims, request);
  }
}
