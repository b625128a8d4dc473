import type { VerifiedToken } from '../tokens/verification/token-verifier';
import type { Claims } from '../tokens/verification/claims';
import { copyOfClaims } from '../tokens/verification/claims-copy';
import { TokenRejectedError } from '../revocation/errors';
import { rejection, type Authentication } from '../revocation/authentication';
import type { RevokedTokensService } from '../revocation/revoked-tokens.service';
import { mapMaybe } from '../tokens/maybe-promise';
import { bearerCredentials, type Credentials } from './bearer';
import { BearerCookies } from './bearer-cookies';
import type { BodyKind } from './body';
import { sentHeaders } from './credentials';
import {
  sourceOf,
  rawRequest,
  type IncomingRequest,
  type PlatformRequest,
  type RawRequest,
} from './request';

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
const VERIFIED_TOKEN = Symbol('nestjs-logout:verified-token');

interface RawHeaders extends Array<string> {
  [VERIFIED_TOKEN]?: VerifiedToken;
}

/** The same for what has no raw headers: the context of GraphQL, the client of a socket. */
const elsewhere = new WeakMap<object, VerifiedToken>();

/** The token with which a guard of ours let in the call that `carrier` belongs to, if one did. */
export function verifiedTokenOf(carrier: unknown): VerifiedToken | undefined {
  if (typeof carrier !== 'object' || carrier === null) return undefined;
  return rawHeadersOf(carrier)?.[VERIFIED_TOKEN] ?? elsewhere.get(carrier);
}

/** From here on `verifiedTokenOf` knows the token of the call that `carrier` belongs to. */
export function giveToken(carrier: object, token: VerifiedToken): void {
  const rawHeaders = rawHeadersOf(carrier);
  if (rawHeaders === undefined) elsewhere.set(carrier, token);
  else rawHeaders[VERIFIED_TOKEN] = token;
}

/** From here on `carrier` has the token that the request was let in with. */
export function rememberToken(carrier: object, request: PlatformRequest): void {
  const token = verifiedTokenOf(request);
  if (token !== undefined) elsewhere.set(carrier, token);
}

export function forgetToken(carrier: unknown): void {
  if (typeof carrier === 'object' && carrier !== null) elsewhere.delete(carrier);
}

/** Function platforms may leave them out, and so do requests that hosts describe. */
function rawHeadersOf(carrier: Partial<IncomingRequest>): RawHeaders | undefined {
  const { rawHeaders }: Partial<RawRequest> = carrier.raw ?? carrier;
  return rawHeaders;
}

/** A bearer as it was read from a request. */
export interface PresentedBearer {
  readonly text?: string;
  readonly authentication: Authentication | Promise<Authentication>;
}

const MISSING: PresentedBearer = { authentication: { verdict: 'missing' } };
/** The bearer stands in a cookie, and any page may have made the browser send it. */
const UNTRUSTED: PresentedBearer = {
  authentication: { verdict: 'missing', reason: 'cookie_untrusted' },
};

/**
 * What the store was asked about the tokens of one request, by `header.payload`: no token is asked
 * about twice. Not by their keys: two tokens may share one, and still be revoked apart.
 */
export type LookUpsOfRequest = Map<string, Promise<boolean>>;

/** Authenticates a request, the same way for gate, guard and strategy. */
export class RequestAuthenticator {
  private readonly lookUps = new WeakMap<object, LookUpsOfRequest>();

  constructor(
    private readonly tokens: RevokedTokensService,
    private readonly validate: ValidateHook | undefined,
    private readonly cookies = new BearerCookies({ tokenSources: [], allowedOrigins: [] }),
  ) {}

  /**
   * What the request's bearer token is worth now.
   * @throws {StoreUnavailableError} or rejects with it; the request must not be let in.
   */
  authenticate(request: IncomingRequest): Authentication | Promise<Authentication> {
    return this.read(request).authentication;
  }

  /**
   * The text of the bearer token of a request to a route of the host's, where one came, and what it
   * is worth now. A cookie counts where no `Authorization: Bearer` came, and where no page of others
   * opens a WebSocket.
   */
  read(request: IncomingRequest): PresentedBearer {
    const sent = sentHeaders(request);
    const inHeader = bearerCredentials(sent);
    if (inHeader.kind !== 'none') return this.present(request, inHeader);
    const inCookie = this.cookies.credentialsOf(sent);
    if (inCookie.kind !== 'none' && this.cookies.isForeignSocket(request)) return UNTRUSTED;
    return this.present(request, inCookie);
  }

  /**
   * As `read`, for a route of ours: a cookie counts only in a request of the host's own pages.
   * @param body what the route takes.
   */
  readForRoute(request: IncomingRequest, body: BodyKind): PresentedBearer {
    const inHeader = bearerCredentials(sentHeaders(request));
    return inHeader.kind === 'none'
      ? this.readCookie(request, body)
      : this.present(request, inHeader);
  }

  /** As `readForRoute`, from the cookies alone. */
  readCookie(request: IncomingRequest, body: BodyKind): PresentedBearer {
    const inCookie = this.cookies.credentialsOf(sentHeaders(request));
    const counts = inCookie.kind === 'none' || this.cookies.isFromOwnPage(request, body);
    return counts ? this.present(request, inCookie) : UNTRUSTED;
  }

  private present(request: IncomingRequest, credentials: Credentials): PresentedBearer {
    if (credentials.kind === 'none') return MISSING;
    if (credentials.kind === 'unreadable')
      return { authentication: this.tokens.authenticate(undefined) };
    const lookUps = this.lookUps.get(rawRequest(request));
    const { token: text } = credentials;
    return {
      text,
      authentication: this.tokens.authenticate(text, () => sourceOf(request), lookUps),
    };
  }

  /** Look-ups that `authenticate` shares. Every caller that asks the store adds its own. */
  lookUpsOf(request: IncomingRequest): LookUpsOfRequest {
    const raw = rawRequest(request);
    const lookUps = this.lookUps.get(raw) ?? new Map<string, Promise<boolean>>();
    this.lookUps.set(raw, lookUps);
    return lookUps;
  }

  /**
   * Lets a request in: from here on `verifiedTokenOf` knows its token. Throws or rejects.
   * @returns the user, or a promise: what the host's hook made of the claims, or the claims.
   * @throws {TokenRejectedError} it has no live bearer token, or the host's hook refused it.
   * @throws {StoreUnavailableError} it must not be let in.
   */
  admit(request: PlatformRequest): unknown {
    return mapMaybe(this.authenticate(request), (authentication) => {
      if (authentication.verdict !== 'live') throw rejection(authentication);
      const { token } = authentication;
      return mapMaybe(this.userOf(token.claims, request), (user) => {
        if (!isUser(user)) throw new TokenRejectedError('TOKEN_INVALID', 'refused_by_host');
        giveToken(request, token);
        return user;
      });
    });
  }

  /**
   * Whether the host's hook takes a live token with these claims; what it throws goes through. What it
   * writes to them, the caller does not see.
   */
  async accepts(claims: Claims, request: PlatformRequest): Promise<boolean> {
    if (this.validate === undefined) return true;
    return isUser(await this.validate(copyOfClaims(claims), request));
  }

  private userOf(claims: Claims, request: PlatformRequest): unknown {
    // A copy: what the host writes to its user must not change what the audit says of the token.
    const own = { ...claims };
    return this.validate === undefined ? own : this.validate(own, request);
  }
}

function isUser(value: unknown): boolean {
  return value !== null && value !== undefined && value !== false;
}
