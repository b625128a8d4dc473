import { MODULE_OPTIONS, readPath, type AuthModuleOptions } from '../nest/auth.options';
import {
  BASIC_SCHEME,
  BEARER_SCHEME,
  operationOf,
  tokenRefusals,
  type Wording,
} from '../web/openapi';
import type { Route, RouteNeed } from '../web/route';
import { ROUTES } from '../web/routes';
import { needsMetBy } from '../nest/optional-routes';
import type { Environment } from './environment';
import { OPERATIONS_PATHS } from './operations-paths';
import { PACKAGE } from './package';

/** Where a document has the token that the page fills in. */
export const TRIAL_TOKEN = 'x-trial-token';

const PROMISE = 'After the 200 of a logout its token is refused everywhere, for good.';
const FILLED_IN = ' A token is filled in below. Once it is logged out, reload for another.';

export interface Documented extends Pick<
  AuthModuleOptions,
  'messages' | 'expiredStatus' | 'maxTokenBytes'
> {
  /** The needs of routes that the options meet. @defaultValue none */
  readonly needs?: ReadonlySet<RouteNeed>;
}

/** What the settings say of the routes. The service keeps no sessions. */
export function documentedOf({ module: options }: Pick<Environment, 'module'>): Documented {
  const { introspectionCallers } = options;
  return { ...options, needs: needsMetBy({ introspectionCallers, tokenRules: options }) };
}

const ME = `/${readPath()}/me`;

/**
 * Every route of the service, with every status and body it can answer (OpenAPI 3.1).
 * @param token a live one, put where the page asks for one.
 */
export function openApi(documented: Documented, token?: string): object {
  const { needs = new Set() } = documented;
  const wording: Wording = {
    messages: { own: MODULE_OPTIONS.messages.read(documented.messages, 'messages') },
    expiredStatus: MODULE_OPTIONS.expiredStatus.read(documented.expiredStatus, 'expiredStatus'),
    maxTokenBytes: documented.maxTokenBytes,
  };
  return {
    openapi: '3.1.0',
    info: {
      title: PACKAGE.name,
      version: PACKAGE.version,
      description: `${PROMISE}${token === undefined ? '' : FILLED_IN}`,
      license: { name: PACKAGE.license, identifier: PACKAGE.license },
      contact: { name: PACKAGE.author, url: PACKAGE.bugs },
    },
    externalDocs: { description: 'The guide', url: PACKAGE.homepage },
    servers: [{ url: '/' }],
    paths: {
      ...routePaths(wording, needs, token),
      [ME]: { get: me(wording) },
      ...OPERATIONS_PATHS,
    },
    components: {
      securitySchemes: {
        [BEARER_SCHEME]: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        ...(needs.has('introspectionCallers') && {
          [BASIC_SCHEME]: { type: 'http', scheme: 'basic' },
        }),
      },
    },
    ...(token !== undefined && { [TRIAL_TOKEN]: token }),
  };
}

/** The paths of the table of routes. */
function routePaths(
  wording: Wording,
  needs: ReadonlySet<RouteNeed>,
  token: string | undefined,
): Record<string, object> {
  const paths: Record<string, Record<string, object>> = {};
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    if (route.needs !== undefined && !needs.has(route.needs)) continue;
    const path = `/${readPath()}/${route.path.replace(/:(\w+)/g, '{$1}')}`;
    const operation = { operationId: name, ...withExample(operationOf(route, wording), token) };
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation };
  }
  return paths;
}

/** With a body that can be sent as it is. */
function withExample(operation: ReturnType<typeof operationOf>, token: string | undefined): object {
  const { requestBody } = operation;
  if (token === undefined || requestBody === undefined) return operation;
  const content = Object.entries(requestBody.content).map(([mediaType, body]) => [
    mediaType,
    { ...body, example: { token } },
  ]);
  return {
    ...operation,
    requestBody: { ...requestBody, content: Object.fromEntries(content) as object },
  };
}

const me = (wording: Wording): object => ({
  operationId: 'me',
  tags: ['Logout'],
  summary: 'The claims of the bearer',
  security: [{ [BEARER_SCHEME]: [] }],
  responses: {
    200: {
      description: 'The claims of a live token.',
      content: { 'application/json': { schema: { type: 'object' } } },
    },
    ...tokenRefusals(wording),
  },
});
