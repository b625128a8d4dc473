import type { BodyRules } from './body';
import { DOCUMENT_ROUTES } from './document-routes';
import { INTROSPECTION_ROUTE } from './introspection-route';
import type { Route, RouteNeed } from './route';
import { SESSION_ROUTES } from './session-routes';

/**
 * Every route of ours. A new one is an entry here and a method of a controller that carries `@Gated`
 * with it; a method without an entry stops the boot.
 */
export const ROUTES = {
  logout: {
    method: 'POST',
    path: 'logout',
    takesBearer: true,
    body: 'json',
    bytesBesideToken: 8 * 1024,
    bucket: 'logout',
    throttledBy: 'token',
    event: 'authn_token_revoked',
    statuses: [200, 400, 401, 403, 405, 413, 415, 429, 500],
    summary: 'Log out',
    description:
      'Revokes the token that the body names: the bearer itself, or another token of the same ' +
      'issuer and subject. After a lost answer, the 401 of a retry means that it took effect.',
    bodySchema: {
      type: 'object',
      required: ['token'],
      properties: {
        token: { type: 'string', description: 'The JWT to revoke.' },
        refreshToken: {
          type: 'string',
          description: 'A refresh token of the same user, to be revoked with it: `refreshTokens`.',
        },
      },
    },
    success: {
      message: 'loggedOut',
      description: 'The token is revoked, and its audit row is committed with it.',
    },
  },
  ...SESSION_ROUTES,
  introspect: INTROSPECTION_ROUTE,
  ...DOCUMENT_ROUTES,
  backchannelLogout: {
    method: 'POST',
    path: 'backchannel-logout',
    needs: 'backchannel',
    takesBearer: false,
    body: 'form',
    bytesBesideToken: 8 * 1024,
    bucket: 'backchannel-logout',
    throttledBy: 'logoutToken',
    event: 'authn_token_revoked',
    isOAuth: true,
    isErrorAlone: true,
    badRequest:
      'The body is not a form that has `logout_token` once, or the logout token is refused: the log ' +
      'says why.',
    statuses: [200, 400, 405, 413, 415, 429, 503],
    summary: 'Take a logout of an identity provider',
    description:
      'OpenID Connect Back-Channel Logout 1.0: the identity provider names, in a logout token that ' +
      'it has signed, the session or the user that has logged out there.',
    bodySchema: {
      type: 'object',
      required: ['logout_token'],
      properties: { logout_token: { type: 'string', description: 'A JWT (§2.4).' } },
    },
    success: { description: 'What it names is refused from now on, as it is if it was unknown.' },
  },
} as const satisfies Readonly<Record<string, Route>>;

/** Those of an application whose options meet these needs. */
export function routesFor(met: ReadonlySet<RouteNeed>): readonly Route[] {
  return Object.values<Route>(ROUTES).filter(({ needs }) => needs === undefined || met.has(needs));
}

/** The methods of a route. A document can be asked for without its body, too (RFC 9110 §9.3.2). */
export function methodsOf({ method, success }: Route): readonly string[] {
  return success.document === undefined ? [method] : [method, 'HEAD'];
}

/** What a route asks of a body. */
export function bodyRules({ body, bytesBesideToken }: Route, maxTokenBytes: number): BodyRules {
  return { body, maxBodyBytes: maxTokenBytes + bytesBesideToken };
}

/** The routes at one path, where there are any. */
export class RouteMatcher {
  private readonly hint: RegExp;
  private readonly compiled: readonly { readonly route: Route; readonly pattern: RegExp }[];

  /** @param routes the paths are compared without regard to case, as lenient routers do. */
  constructor(routes: readonly Route[]) {
    const words = new Set(routes.map(({ path }) => path.split('/', 1)[0] ?? ''));
    this.hint = new RegExp(`${[...words].map(literal).join('|')}|%`, 'i');
    this.compiled = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  }

  /**
   * Whether a URL may be one of ours, by a look that costs next to nothing: every request of the
   * host's is asked. The name of a route stands in it, unless an escape hides that.
   */
  mayMatch(url: string): boolean {
    return this.hint.test(url);
  }

  /**
   * @param path as `lenientPath` gives it.
   * @param placeOf the path that a route stands below, in lower case.
   */
  at(path: string, placeOf: (route: Route) => string): readonly Route[] {
    return this.compiled
      .filter(({ route, pattern }) => {
        const place = `${placeOf(route)}/`;
        return path.startsWith(place) && pattern.test(path.slice(place.length));
      })
      .map(({ route }) => route);
  }
}

function patternOf(path: string): RegExp {
  const segments = path.toLowerCase().split('/');
  return new RegExp(
    `^${segments.map((each) => (each.startsWith(':') ? '[^/]+' : literal(each))).join('/')}$`,
  );
}

/** A pattern of exactly this text. */
function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/**
 * The path of a URL as a lenient router could read it: without query, decoded, in lower case and
 * without a last slash. Lenient, so that no spelling reaches a controller past the gate.
 */
export function lenientPath(url: string): string {
  // Clients of proxies send the absolute form, and every server must take it (RFC 9112 §3.2.2).
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '');
  const path = target.split(/[?#;]/, 1)[0] ?? '';
  return decoded(path)
    .toLowerCase()
    .replace(/\/{2,}/g, '/')
    .replace(/(?<=.)\/$/, '');
}

function decoded(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    // No router serves a path with a malformed escape.
    return '';
  }
}
