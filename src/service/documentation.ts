import type { INestApplication } from '@nestjs/common';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { MODULE_OPTIONS, type AuthModuleOptions } from '../nest/auth.options';
import type { Messages } from '../web/answers';

type Responses = Readonly<Record<number, object>>;
type Language = Pick<AuthModuleOptions, 'messages' | 'expiredStatus'>;

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

function logoutResponses(language: Language): Responses {
  const text = textsOf(language);
  return {
    200: loggedOut(text.loggedOut),
    400: answer(text.badRequest, 'The body is not JSON.'),
    ...refusals(language),
    405: answer(text.methodNotAllowed, 'Only POST.', ['Allow']),
    413: answer(text.contentTooLarge, 'More than 16 KB.'),
    415: answer(text.unsupportedMediaType, 'Not JSON in UTF-8, or with a content encoding.'),
    429: answer(text.tooManyRequests, 'Too many requests from here, or with this token.', [
      'Retry-After',
    ]),
  };
}

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
      '/api/v1/auth/logout': {
        post: {
          tags: ['Tokens'],
          summary: 'Log out',
          description:
            'Revokes the token that the body names: the bearer itself, or another token of the ' +
            'same issuer and subject. After a lost answer, the 401 of a retry means "done".',
          security: BEARER,
          requestBody: { required: true, content: { 'application/json': { schema: LOGOUT_BODY } } },
          responses: logoutResponses(language),
        },
      },
      '/api/v1/auth/me': {
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
