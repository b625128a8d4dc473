import type { INestApplication } from '@nestjs/common';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { MODULE_OPTIONS, readPath, type AuthModuleOptions } from '../nest/auth.options';
import { COMMON_RULES } from '../tokens/verification/token-rules';
import type { Messages } from '../web/answers';
import type { BodyKind } from '../web/body';
import { bodyRules, ROUTES, type Route } from '../web/routes';

type Responses = Readonly<Record<number, object>>;
type Language = Pick<AuthModuleOptions, 'messages' | 'expiredStatus' | 'maxTokenBytes'>;

const textsOf = ({ messages }: Language): Messages =>
  MODULE_OPTIONS.messages.read(messages, 'messages');

/** An answer in our envelope, with its exact body as the example. */
function answer(message: string, description: string, headers: readonly string[] = []): object {
  return {
    description,
    headers: Object.fromEntries(headers.map((name) => [name, { schema: { type: 'string' } }])),
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/Envelope' },
        example: { success: false, message },
      },
    },
  };
}

const loggedOut = (message: string): object => ({
  description: 'The token is revoked, and its audit row is committed with it.',
  headers: { 'Cache-Control': { schema: { const: 'no-store' } } },
  content: {
    'application/json': {
      schema: { $ref: '#/components/schemas/Envelope' },
      example: { success: true, message },
    },
  },
});

/** What every protected route answers to a token that it does not accept. */
function refusals(language: Language): Responses {
  const text = textsOf(language);
  const expiredStatus = MODULE_OPTIONS.expiredStatus.read(language.expiredStatus, 'expiredStatus');
  return {
    [expiredStatus]: answer(text.tokenExpired, 'A genuine token that has expired.', [
      'WWW-Authenticate',
    ]),
    401: answer(
      text.tokenInvalid,
      'Missing, unacceptable, foreign or revoked; expired, with EXPIRED_STATUS=401.',
      ['WWW-Authenticate'],
    ),
    500: answer(text.internalError, 'Unexpected. Whether it took effect is unknown: try again.'),
  };
}

/** What a route answers to a request that it refuses whatever its token is. */
function requestRefusals(route: Route, language: Language): Responses {
  const text = textsOf(language);
  const { maxBodyBytes } = bodyRules(
    route,
    COMMON_RULES.maxTokenBytes.read(language.maxTokenBytes, 'maxTokenBytes'),
  );
  return {
    400: answer(text.badRequest, `The body is not ${BODY_KINDS[route.body].name}.`),
    405: answer(text.methodNotAllowed, `Only ${methodsAt(route.path).join(', ')}.`, ['Allow']),
    413: answer(text.contentTooLarge, `More than ${maxBodyBytes} bytes.`),
    415: answer(
      text.unsupportedMediaType,
      `Not ${BODY_KINDS[route.body].name} in UTF-8, or with a content encoding.`,
    ),
    429: answer(text.tooManyRequests, 'Too many requests from here, or with this token.', [
      'Retry-After',
    ]),
  };
}

const BODY_KINDS = {
  json: { name: 'JSON', mediaType: 'application/json' },
  form: { name: 'a form', mediaType: 'application/x-www-form-urlencoded' },
  none: { name: 'empty', mediaType: undefined },
} as const satisfies Readonly<Record<BodyKind, object>>;

const TABLE: readonly Route[] = Object.values(ROUTES);

const methodsAt = (path: string): readonly string[] =>
  TABLE.filter((route) => route.path === path).map(({ method }) => method);

const json = (schema: object, description: string): object => ({
  description,
  content: { 'application/json': { schema } },
});

const HEALTH = {
  type: 'object',
  required: ['status', 'check', 'feed', 'leaseAgeMs', 'skewMs'],
  properties: {
    status: { enum: ['ok', 'unavailable'] },
    check: {
      enum: ['memory', 'store', 'nothing'],
      description: 'What tells whether a token is revoked; nothing: every token is refused.',
    },
    feed: {
      enum: ['doorbell', 'polling', null],
      description: 'What wakes the memory; null where there is none.',
    },
    leaseAgeMs: {
      type: ['integer', 'null'],
      description: 'How old what memory knows may be, in ms.',
    },
    skewMs: {
      type: ['integer', 'null'],
      description: "How far this instance's clock is ahead of the database's, in ms.",
    },
  },
};
const BEARER = [{ bearer: [] }];

const LOGOUT_BODY = {
  type: 'object',
  required: ['token'],
  properties: { token: { type: 'string', description: 'The JWT to revoke.' } },
};

/** What the table of routes does not tell of a route. */
interface RouteText {
  readonly summary: string;
  readonly description: string;
  /** The schema of its body, where it takes one. */
  readonly body?: object;
  readonly success: Responses;
}

/** A route without an entry here does not compile. */
const ROUTE_TEXTS: Readonly<Record<keyof typeof ROUTES, (text: Messages) => RouteText>> = {
  logout: (text) => ({
    summary: 'Log out',
    description:
      'Revokes the token that the body names: the bearer itself, or another token of the ' +
      'same issuer and subject. After a lost answer, the 401 of a retry means "done".',
    body: LOGOUT_BODY,
    success: { 200: loggedOut(text.loggedOut) },
  }),
};

/** The paths of the table of routes. */
function routePaths(language: Language): Record<string, object> {
  const paths: Record<string, Record<string, object>> = {};
  for (const name of Object.keys(ROUTES) as (keyof typeof ROUTES)[]) {
    const route: Route = ROUTES[name];
    const path = `/${readPath()}/${route.path.replace(/:(\w+)/g, '{$1}')}`;
    const operation = operationOf(route, ROUTE_TEXTS[name](textsOf(language)), language);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation };
  }
  return paths;
}

function operationOf(route: Route, text: RouteText, language: Language): object {
  const { mediaType } = BODY_KINDS[route.body];
  const responses: Responses = {
    ...text.success,
    ...requestRefusals(route, language),
    ...refusals(language),
  };
  return {
    tags: ['Tokens'],
    summary: text.summary,
    description: text.description,
    security: BEARER,
    ...(mediaType !== undefined && {
      requestBody: { required: true, content: { [mediaType]: { schema: text.body } } },
    }),
    // Those of the table that can occur: with EXPIRED_STATUS=401 there is no 403.
    responses: Object.fromEntries(
      route.statuses.flatMap((status) =>
        responses[status] === undefined ? [] : [[status, responses[status]]],
      ),
    ),
  };
}

const COMPONENTS = {
  securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
  schemas: {
    Envelope: {
      type: 'object',
      required: ['success', 'message'],
      properties: { success: { type: 'boolean' }, message: { type: 'string' } },
    },
  },
};

/** Every route of the service, with every status and body it can answer (OpenAPI 3.1). */
export function openApi(language: Language): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'nestjs-logout',
      version: '1',
      description: 'After the 200 of a logout its token is refused everywhere, for good.',
    },
    paths: {
      ...routePaths(language),
      [`/${readPath()}/me`]: {
        get: {
          tags: ['Tokens'],
          summary: 'The claims of the bearer',
          security: BEARER,
          responses: {
            200: json({ type: 'object' }, 'The claims of a live token.'),
            ...refusals(language),
          },
        },
      },
      ...OPERATIONS_PATHS,
    },
    components: COMPONENTS,
  };
}

const OPERATIONS_PATHS = {
  '/health/live': {
    get: {
      tags: ['Health'],
      summary: 'Whether the process answers',
      responses: { 200: json({ const: { status: 'ok' } }, 'It does.') },
    },
  },
  '/health/ready': {
    get: {
      tags: ['Health'],
      summary: 'Whether tokens can be checked',
      description: 'Not for the public: keep it behind the proxy.',
      responses: {
        200: json(HEALTH, 'Memory or the database answers, and the clocks agree.'),
        503: json(HEALTH, 'Nothing answers, or the clocks are more than 30 s apart.'),
      },
    },
  },
  '/metrics': {
    get: {
      tags: ['Health'],
      summary: 'The metrics, for Prometheus',
      description: 'Not for the public: keep it behind the proxy. Holds figures only.',
      responses: {
        200: {
          description: 'The text format of Prometheus.',
          content: { 'text/plain': { schema: { type: 'string' } } },
        },
      },
    },
  },
};

/** Serves the documentation at `/docs`, and as JSON at `/docs-json`. */
export function serveDocumentation(app: INestApplication, language: Language): void {
  SwaggerModule.setup('docs', app, openApi(language) as OpenAPIObject, {
    customSiteTitle: 'nestjs-logout',
    swaggerOptions: { docExpansion: 'full', defaultModelsExpandDepth: -1 },
  });
}
