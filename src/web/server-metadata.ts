import type { IncomingHttpHeaders } from 'node:http';
import type { ResolvedSessionOptions } from '../sessions/session-options';
import { isFetchable } from '../tokens/jwks/https-document';
import { isSymmetric } from '../tokens/keys/algorithms';
import { metadataRoute } from './document-routes';
import { PublishedDocument, type DocumentAnswer, type UnchangedAnswer } from './published-document';
import type { Route, RouteNeed } from './route';
import { ROUTES } from './routes';

/** Where a route stands in the application: its path, in the case it is served in. */
export type PathOf = (route: Route) => string;

/** In any other spelling, routers and proxies disagree about what the path is. */
const PLAIN_PATH = /^(?:\/[\w.~-]+)*\/?$/;

/**
 * The route of our metadata.
 * @param issuer of our access tokens; `undefined`: we issue none.
 * @param met the needs of routes that the options meet.
 * @returns `undefined`: there is none. The issuer is no https URL, or http from this machine, in
 * which nothing but a plain path follows the host (RFC 8414 §2); or there is nothing by which a
 * service of others could check a token.
 */
export function metadataRouteOf(
  issuer: string | undefined,
  met: ReadonlySet<RouteNeed>,
): Route | undefined {
  if (!isFetchable(issuer) || /[?#]/.test(issuer) || !met.has('publishedKeys')) return undefined;
  const { pathname } = new URL(issuer);
  return PLAIN_PATH.test(pathname) ? metadataRoute(pathname.replace(/\/$/, '')) : undefined;
}

/** What we announce of ourselves as an authorization server (RFC 8414 §2). */
export class ServerMetadata {
  private document: PublishedDocument | undefined;

  /** @param pathOf is asked with the first request: until then the host may set its prefix. */
  constructor(
    readonly route: Route,
    private readonly sessions: Pick<ResolvedSessionOptions, 'issuer' | 'signingKeys'>,
    private readonly met: ReadonlySet<RouteNeed>,
    private readonly pathOf: PathOf,
  ) {}

  /** Answers a GET or a HEAD. */
  answerTo(headers: IncomingHttpHeaders): DocumentAnswer | UnchangedAnswer {
    this.document ??= new PublishedDocument('application/json', this.members());
    return this.document.answerTo(headers);
  }

  /** Endpoints of an option stand here, below the need that the option meets. */
  private members(): object {
    const { issuer, signingKeys } = this.sessions;
    const { algorithm } = signingKeys.signer;
    const isSigned = !isSymmetric(algorithm);
    return {
      issuer,
      ...(this.met.has('publishedKeys') && { jwks_uri: this.urlOf(ROUTES.jwks) }),
      revocation_endpoint: this.urlOf(ROUTES.revoke),
      revocation_endpoint_auth_methods_supported: ['none'],
      ...(this.met.has('introspectionCallers') && {
        introspection_endpoint: this.urlOf(ROUTES.introspect),
        introspection_endpoint_auth_methods_supported: ['client_secret_basic'],
        // RFC 9701 §7
        ...(isSigned && { introspection_signing_alg_values_supported: [algorithm] }),
      }),
      // Required. There is neither an authorization endpoint nor a token endpoint, and without
      // `grant_types_supported` there would be both.
      response_types_supported: [],
      grant_types_supported: [],
    };
  }

  /** By the issuer, never by what a request says of its host. */
  private urlOf(route: Route): string {
    return `${new URL(this.sessions.issuer).origin}${this.pathOf(route)}`;
  }
}
