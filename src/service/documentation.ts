import type { INestApplication } from '@nestjs/common';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { MESSAGES } from '../http/contract';

type Responses = Record<string, Record<string, unknown>>;

/** An answer in our envelope, with the exact body as its example. */
function envelope(message: string, description: string, headers: readonly string[] = []) {
  return {
    description,
    headers: Object.fromEntries(headers.map((name) => [name, { schema: { type: 'string' } }])),
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/Envelope' },
        example: { success: description === LOGGED_OUT, message },
      },
    },
  };
}

const LOGGED_OUT = 'The token is revoked, and its audit row is committed with it.';
const es = MESSAGES.es;

const REFUSED: Responses = {
  401: envelope(es.tokenInvalid, 'Missing, unacceptable, foreign or revoked.', [
    'WWW-Authenticate',
  ]),
  403: envelope(es.tokenExpired, 'A genuine token that has expired.', ['WWW-Authenticate']),
  500: envelope(es.internalError, 'Unexpected; whether it took effect is unknown. Try again.'),
};

const LOGOUT: Responses = {
  200: envelope(es.loggedOut, LOGGED_OUT),
  400: envelope(es.badRequest, 'The body is not JSON.'),
  ...REFUSED,
  405: envelope(es.methodNotAllowed, 'Only POST.', ['Allow']),
  413: envelope(es.contentTooLarge, 'More than 16 KB.'),
  415: envelope(es.unsupportedMediaType, 'Anything but JSON in UTF-8 without content encoding.'),
  429: envelope(es.tooManyRequests, 'Too many requests from here or with this token.', [
    'Retry-After',
  ]),
};

const json = (schema: object, description: string): object => ({
  description,
  content: { 'application/json': { schema } },
});
const HEALTH = { type: 'object', properties: { status: { enum: ['ok', 'unavailable'] } } };
const BEARER = [{ bearer: [] }];

/** Every route of the service with every status and body it can answer (OpenAPI 3.1). */
export const DOCUMENT = {
  openapi: '3.1.0',
  info: {
    title: 'nestjs-logout',
    version: '1',
    description: 'After the 200 of a logout its token is refused everywhere, for good.',
  },
  paths: {
    '/api/v1/auth/logout': {
      post: {
        summary: 'Log out',
        description:
          'Revokes the token that the body names: the bearer itself, or another token of the ' +
          'same issuer and subject. After a lost answer, the 401 of a retry means "done".',
        security: BEARER,
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['token'],
                properties: { token: { type: 'string', description: 'The JWT to revoke.' } },
              },
            },
          },
        },
        responses: LOGOUT,
      },
    },
    '/api/v1/auth/me': {
      get: {
        summary: 'The claims of the bearer',
        security: BEARER,
        responses: { 200: json({ type: 'object' }, 'The claims of a live token.'), ...REFUSED },
      },
    },
    '/health/live': {
      get: { summary: 'Whether the process answers', responses: { 200: json(HEALTH, 'It does.') } },
    },
    '/health/ready': {
      get: {
        summary: 'Whether tokens can be checked',
        responses: { 200: json(HEALTH, 'They can.'), 503: json(HEALTH, 'They cannot.') },
      },
    },
  },
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    schemas: {
      Envelope: {
        type: 'object',
        required: ['success', 'message'],
        properties: { success: { type: 'boolean' }, message: { type: 'string' } },
      },
    },
  },
};

/** Serves the documentation at `/docs`, and as JSON at `/docs-json`. */
export function serveDocumentation(app: INestApplication): void {
  SwaggerModule.setup('docs', app, DOCUMENT as unknown as OpenAPIObject, {
    customSiteTitle: 'nestjs-logout',
  });
}
