import { RefusalCounts } from '../metrics/refusal-counts';
import { RevocationError, type RevocationErrorCode } from '../revocation/errors';
import type { RequestReason } from '../audit/reasons';
import type { JsonObject } from '../tokens/verification/json-object';

/** Every sentence we answer with. */
export interface Messages {
  readonly loggedOut: string;
  readonly sessionRenewed: string;
  readonly activeSessions: string;
  readonly tokenInvalid: string;
  readonly tokenExpired: string;
  readonly internalError: string;
  readonly badRequest: string;
  readonly tooManyRequests: string;
  readonly methodNotAllowed: string;
  readonly unsupportedMediaType: string;
  readonly contentTooLarge: string;
  readonly notFound: string;
}

export const MESSAGES = {
  es: {
    loggedOut: 'Sesión cerrada exitosamente',
    sessionRenewed: 'Sesión renovada',
    activeSessions: 'Sesiones activas',
    tokenInvalid: 'Token no proporcionado o inválido',
    tokenExpired: 'El token ha expirado',
    internalError: 'Error interno del servidor',
    badRequest: 'Solicitud inválida',
    tooManyRequests: 'Demasiadas solicitudes',
    methodNotAllowed: 'Método no permitido',
    unsupportedMediaType: 'Tipo de contenido no admitido',
    contentTooLarge: 'Solicitud demasiado grande',
    notFound: 'No encontrado',
  },
  en: {
    loggedOut: 'Logged out successfully',
    sessionRenewed: 'Session renewed',
    activeSessions: 'Active sessions',
    tokenInvalid: 'Token missing or invalid',
    tokenExpired: 'The token has expired',
    internalError: 'Internal server error',
    badRequest: 'Bad request',
    tooManyRequests: 'Too many requests',
    methodNotAllowed: 'Method not allowed',
    unsupportedMediaType: 'Unsupported media type',
    contentTooLarge: 'Content too large',
    notFound: 'Not found',
  },
} as const satisfies Record<string, Messages>;

/** The body of every answer of ours; what a route tells beside stands next to the message. */
export interface Envelope {
  readonly success: boolean;
  readonly message: string;
  readonly [data: string]: unknown;
}

/** An answer, whole: nothing of the request is in it. */
export interface Answer {
  readonly status: number;
  readonly body: Envelope;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer whose status and headers say it all. */
export type EmptyAnswer = Omit<Answer, 'body'>;

/** An answer whose body is what an RFC says: JSON, or text of the `Content-Type` in its headers. */
export type BareAnswer = EmptyAnswer & ({ readonly body: JsonObject } | { readonly text: string });

/** What every answer of ours has: it is for one client, and is what it says it is. */
export const PRIVATE = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
} as const;

type SuccessCode = 'LOGGED_OUT' | 'SESSION_RENEWED' | 'ACTIVE_SESSIONS';
type AnswerCode = RevocationErrorCode | RequestReason | SuccessCode | 'NOT_FOUND';

interface Meaning {
  readonly status: number;
  readonly message: keyof Messages;
  readonly challenge?: string;
}

/** The content type of every body of ours. */
export const JSON_IN_UTF8 = 'application/json; charset=utf-8';

/** RFC 6750 §3.1: no error code when no credentials came. */
export const NO_CREDENTIALS = 'Bearer';
export const BAD_CREDENTIALS = 'Bearer error="invalid_token"';
/** RFC 7617 §2. */
const CALLER_CREDENTIALS = 'Basic realm="introspection"';

/** The whole HTTP meaning of the package. A new code does not compile until it has a line here. */
const MEANINGS: Readonly<Record<AnswerCode, Meaning>> = {
  LOGGED_OUT: { status: 200, message: 'loggedOut' },
  SESSION_RENEWED: { status: 200, message: 'sessionRenewed' },
  ACTIVE_SESSIONS: { status: 200, message: 'activeSessions' },
  TOKEN_MISSING: { status: 401, message: 'tokenInvalid', challenge: NO_CREDENTIALS },
  TOKEN_INVALID: { status: 401, message: 'tokenInvalid', challenge: BAD_CREDENTIALS },
  TOKEN_REVOKED: { status: 401, message: 'tokenInvalid', challenge: BAD_CREDENTIALS },
  TOKEN_NOT_OWN: { status: 401, message: 'tokenInvalid', challenge: BAD_CREDENTIALS },
  // OpenID Connect Back-Channel Logout 1.0 §2.8.
  LOGOUT_TOKEN_INVALID: { status: 400, message: 'badRequest' },
  // The documented answers; RFC 6750 §3.1 would have 401: the option `expiredStatus`.
  TOKEN_EXPIRED: { status: 403, message: 'tokenExpired', challenge: BAD_CREDENTIALS },
  STORE_UNAVAILABLE: { status: 500, message: 'internalError' },
  ISSUER_UNAVAILABLE: { status: 500, message: 'internalError' },
  // Of tokens at routes of OAuth 2.0 alone: 503 there.
  KEYS_IN_DOUBT: { status: 500, message: 'internalError' },
  INSTANCE_OUTDATED: { status: 500, message: 'internalError' },
  method_not_allowed: { status: 405, message: 'methodNotAllowed' },
  limit_by_token: { status: 429, message: 'tooManyRequests' },
  limit_by_address: { status: 429, message: 'tooManyRequests' },
  limit_by_caller: { status: 429, message: 'tooManyRequests' },
  caller_refused: { status: 401, message: 'tokenInvalid', challenge: CALLER_CREDENTIALS },
  unsupported_media_type: { status: 415, message: 'unsupportedMediaType' },
  content_too_large: { status: 413, message: 'contentTooLarge' },
  bad_request: { status: 400, message: 'badRequest' },
  NOT_FOUND: { status: 404, message: 'notFound' },
};

const BY_STATUS = new Map<number, AnswerCode>([
  [400, 'bad_request'],
  [401, 'TOKEN_INVALID'],
  [404, 'NOT_FOUND'],
  [405, 'method_not_allowed'],
  [413, 'content_too_large'],
  [415, 'unsupported_media_type'],
  [429, 'limit_by_address'],
]);

/**
 * Turns what happened into the documented answer (docs/http.md), in the host's words. Every refusal
 * of ours passes here once, and is counted.
 */
export class LogoutAnswers {
  constructor(
    private readonly messages: Messages,
    private readonly expiredStatus: number,
    private readonly refusals = new RefusalCounts(),
  ) {}

  /** The answer for a code; `headers` are added to those every answer has. */
  answer(code: AnswerCode, headers: Readonly<Record<string, string>> = {}): Answer {
    const { status, message, challenge } = MEANINGS[code];
    return {
      status: code === 'TOKEN_EXPIRED' ? this.expiredStatus : status,
      body: { success: status === 200, message: this.messages[message] },
      headers: {
        ...PRIVATE,
        ...(challenge !== undefined && { 'WWW-Authenticate': challenge }),
        ...headers,
      },
    };
  }

  /** The answer of a route that has succeeded, with what it tells. */
  succeed(code: SuccessCode, data: Readonly<Record<string, unknown>>): Answer {
    const answer = this.answer(code);
    return { ...answer, body: { ...answer.body, ...data } };
  }

  /** An answer without a body, with `headers`. */
  answerEmpty(headers: Readonly<Record<string, string>>, status: 200 | 204 = 204): EmptyAnswer {
    return { status, headers: { 'Cache-Control': 'no-store', ...headers } };
  }

  /** The answer for what the gate, or the throttle, does not let in; it is counted. */
  refuse(reason: RequestReason, headers: Readonly<Record<string, string>> = {}): Answer {
    this.refusals.count(reason);
    return this.answer(reason, headers);
  }

  /**
   * The answer for an error: ours by its code, anything else the documented 500. It is counted, and
   * reported where it is no refusal of a token.
   */
  answerError(error: unknown): Answer {
    this.refusals.countError(error);
    return this.answer(error instanceof RevocationError ? error.code : 'STORE_UNAVAILABLE');
  }

  /**
   * The answer for a status with which code of the host's has refused a request to a route of ours. It
   * is counted, and the log says so: in our words it looks like a refusal of ours.
   * @param path of the route, below that of the module.
   */
  answerHostRefusal(status: number, path: string): Answer {
    this.refusals.countHostRefusal(path, status);
    return this.answerStatus(status);
  }

  /** The answer for a given status, in our envelope and words. */
  answerStatus(status: number): Answer {
    const known = BY_STATUS.get(status);
    if (known !== undefined) return this.answer(known);
    return { ...this.answer(status < 500 ? 'bad_request' : 'STORE_UNAVAILABLE'), status };
  }
}
