import { COMMON_RULES } from '../tokens/verification/token-rules';
import { MESSAGES, type Messages } from './answers';
import type { BodyKind } from './body';
import { oauthErrorOf } from './oauth-errors';
import type { Route } from './route';
import { bodyRules, methodsOf, ROUTES } from './routes';

/** The name of the security scheme; what `addBearerAuth()` of @nestjs/swagger calls its own. */
export const BEARER_SCHEME = 'bearer';
/** The same of `addBasicAuth()`. */
export const BASIC_SCHEME = 'basic';

type Responses = Readonly<Record<number, object>>;

/** What the answers of an application say, as far as it is known. */
export interface Wording {
  /** Its messages; each set is an example of every body, under its name. */
  readonly messages: Readonly<Record<string, Messages>>;
  /** The status of an expired token; `undefined`: the host's options are not known here. */
  readonly expiredStatus?: number;
  /** Of the longest token; by default that of the option. */
  readonly maxTokenBytes?: number;
}

/** For documents that are made without the options of the host. */
const ANY_HOST: Wording = { messages: MESSAGES };

const JSON_TYPE = 'application/json';

const BODY_KINDS = {
  json: { name: 'JSON', mediaType: JSON_TYPE },
  form: { name: 'a form', mediaType: 'application/x-www-form-urlencoded' },
  none: { name: 'empty', mediaType: undefined },
} as const satisfies Readonly<Record<BodyKind, object>>;

const envelopeWith = (data: Readonly<Record<string, object>> = {}): object => ({
  type: 'object',
  required: ['success', 'message'],
  properties: { success: { type: 'boolean' }, message: { type: 'string' }, ...data },
});

type Status = (typeof ROUTES)[keyof typeof ROUTES]['statuses'][number];

interface ResponseText {
  /** Absent: the answer has no envelope. */
  readonly message?: keyof Messages;
  /** What it is instead; absent as well: it has no body. */
  readonly document?: Route['success']['document'];
  readonly description: string;
  readonly header?: string;
  /** The JSON schemas of what the body has beside `success` and `message`. */
  readonly data?: Readonly<Record<string, object>>;
  /** The `error` that is the whole body. */
  readonly onlyError?: string;
  /** The JSON schemas of bodies that are not in our envelope, by media type. */
  readonly bodies?: Readonly<Record<string, object>>;
}

/** What each status says. A status of the table without a line here does not compile. */
const RESPONSES: Readonly<Record<Status, (route: Route, wording: Wording) => ResponseText>> = {
  200: ({ success }) => ({ ...success, header: 'Cache-Control' }),
  304: () => ({ description: 'As `If-None-Match` has it.', header: 'ETag' }),
  400: ({ body, isOAuth, badRequest = `The body is not ${BODY_KINDS[body].name}.` }) => ({
    message: 'badRequest',
    description: badRequest,
    ...(isOAuth === true && INVALID_REQUEST),
  }),
  401: ({ takesCaller }, wording) =>
    takesCaller === true ? INVALID_CLIENT : unauthorized(wording),
  403: () => EXPIRED,
  404: () => ({ message: 'notFound', description: 'There is none with this id.' }),
  405: ({ path }) => ({
    message: 'methodNotAllowed',
    description: `Only ${methodsAt(path).join(', ')}.`,
    header: 'Allow',
  }),
  413: (route, { maxTokenBytes }) => ({
    message: 'contentTooLarge',
    description: `More than ${maxBodyBytes(route, maxTokenBytes)} bytes.`,
  }),
  415: ({ body }) => ({
    message: 'unsupportedMediaType',
    description: `Not ${BODY_KINDS[body].name} in UTF-8, or with a content encoding.`,
  }),
  429: () => ({
    message: 'tooManyRequests',
    description: 'Too many requests from here, or with this token.',
    header: 'Retry-After',
  }),
  500: () => UNEXPECTED,
  503: () => ({ ...UNEXPECTED, header: 'Retry-After' }),
};

const INVALID_REQUEST = {
  data: { error: { type: 'string', enum: ['invalid_request'] } },
};

const INVALID_CLIENT: ResponseText = {
  description: 'No credentials of a caller that is known.',
  header: 'WWW-Authenticate',
};

const EXPIRED: ResponseText = {
  message: 'tokenExpired',
  description: 'A genuine token that has expired.',
  header: 'WWW-Authenticate',
};

const UNEXPECTED: ResponseText = {
  message: 'internalError',
  description: 'Unexpected. Whether it took effect is unknown: try again.',
};

function maxBodyBytes(route: Route, maxTokenBytes: number | undefined): number {
  const read = COMMON_RULES.maxTokenBytes.read(maxTokenBytes, 'maxTokenBytes');
  return bodyRules(route, read).maxBodyBytes;
}

function unauthorized({ expiredStatus }: Wording): ResponseText {
  const causes = 'A token that is missing, unacceptable, foreign or revoked';
  const expired = { 401: ', or expired', 403: '' }[expiredStatus ?? 0];
  return {
    message: 'tokenInvalid',
    description: `${causes}${expired ?? '; with `expiredStatus: 401` an expired one, too'}.`,
    header: 'WWW-Authenticate',
  };
}

const TABLE: readonly Route[] = Object.values(ROUTES);

const methodsAt = (path: string): readonly string[] =>
  TABLE.filter((route) => route.path === path).flatMap(methodsOf);

const errorOf = (error: string): object => ({
  type: 'object',
  required: ['error'],
  properties: { error: { type: 'string', enum: [error] } },
});

const contentOf = (schemas: Readonly<Record<string, object>>): object =>
  Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [type, { schema }]));

/** An answer in our envelope, with the exact text of its body as the example. */
function response(isSuccess: boolean, text: ResponseText, { messages }: Wording): object {
  const { message, document, description, header, data, onlyError, bodies: others } = text;
  const headers =
    header === undefined ? {} : { headers: { [header]: { schema: { type: 'string' } } } };
  if (document !== undefined)
    return {
      description,
      ...headers,
      content: contentOf({ [document.mediaType]: document.schema }),
    };
  if (onlyError !== undefined)
    return { description, ...headers, content: contentOf({ [JSON_TYPE]: errorOf(onlyError) }) };
  if (others !== undefined) return { description, ...headers, content: contentOf(others) };
  if (message === undefined) return { description, ...headers };
  const bodies = Object.entries(messages).map(
    ([name, texts]) => [name, { success: isSuccess, message: texts[message] }] as const,
  );
  const [only, ...more] = bodies;
  return {
    description,
    ...headers,
    content: {
      [JSON_TYPE]: {
        schema: envelopeWith(data),
        ...(only !== undefined && more.length === 0
          ? { example: only[1] }
          : { examples: Object.fromEntries(bodies.map(([name, value]) => [name, { value }])) }),
      },
    },
  };
}

/** What every protected route answers to a token that it does not accept. */
export function tokenRefusals(wording: Wording): Responses {
  const always = {
    401: response(false, unauthorized(wording), wording),
    500: response(false, UNEXPECTED, wording),
  };
  if (wording.expiredStatus === 401) return always;
  return { ...always, 403: response(false, EXPIRED, wording) };
}

/**
 * The operation of a route, with every body and status of the table, in the terms that OpenAPI 3.0
 * and 3.1 share. It has no `operationId`: the document that it becomes a part of names it.
 */
export function operationOf(route: Route, wording: Wording = ANY_HOST) {
  const { mediaType } = BODY_KINDS[route.body];
  const statuses = route.statuses.filter(isDocumented);
  return {
    tags: ['Logout'],
    summary: route.summary,
    description: route.description,
    security: securityOf(route),
    ...(mediaType !== undefined &&
      route.bodySchema !== undefined && {
        requestBody: {
          required: route.isBodyOptional !== true,
          content: { [mediaType]: { schema: route.bodySchema } },
        },
      }),
    responses: Object.fromEntries(
      statuses
        .filter((status) => status !== 403 || wording.expiredStatus !== 401)
        .map((status) => [
          status,
          response(status === 200, textOf(status, route, wording), wording),
        ]),
    ),
  };
}

function textOf(status: Status, route: Route, wording: Wording): ResponseText {
  const text = RESPONSES[status](route, wording);
  const isBare = status >= 400 && route.isErrorAlone === true;
  return isBare ? { ...text, onlyError: oauthErrorOf(status) } : text;
}

function securityOf({ takesBearer, takesCaller }: Route): readonly object[] {
  if (takesCaller === true) return [{ [BASIC_SCHEME]: [] }];
  return takesBearer ? [{ [BEARER_SCHEME]: [] }] : [];
}

const isDocumented = (status: number): status is Status => status in RESPONSES;
