import { kindOf, misconfigured } from '../options/misconfiguration';
import { JSON_IN_UTF8, PRIVATE } from '../web/answers';
import { exposedHeaders } from '../web/exposed-headers';
import { besideCors } from '../web/published-document';

/** An answer in the host's words; what is left out stays as documented. */
export interface HostAnswer {
  /** Whole: 200–299 for `loggedOut`, 400–599 for the others. */
  readonly status?: number;
  /** Anything that JSON can hold. It is made into text once, at the start. */
  readonly body?: unknown;
}

const DOCUMENTED = {
  loggedOut: { status: 200, body: { message: 'Logged out successfully' } },
  logoutRefused: { status: 400, body: { error: 'Invalid token' } },
  notAuthenticated: { status: 401, body: { error: 'Invalid token' } },
  tooManyRequests: { status: 429, body: { error: 'Too many requests' } },
  unavailable: { status: 500, body: { error: 'Internal server error' } },
} as const satisfies Record<string, HostAnswer>;

type AnswerName = keyof typeof DOCUMENTED;

/** Every answer there is. */
export interface Answers {
  /** The token was revoked. @defaultValue 200 `{"message":"Logged out successfully"}` */
  readonly loggedOut: HostAnswer;
  /**
   * The body of the logout names no token that is live: missing, bad, expired, revoked already, or
   * no readable JSON. @defaultValue 400 `{"error":"Invalid token"}`
   */
  readonly logoutRefused: HostAnswer;
  /** The request has no live bearer token. @defaultValue 401 `{"error":"Invalid token"}` */
  readonly notAuthenticated: HostAnswer;
  /**
   * The address has sent too many logouts, and this one names no live token. Sent with `Retry-After`.
   * @defaultValue 429 `{"error":"Too many requests"}`
   */
  readonly tooManyRequests: HostAnswer;
  /** The store gave no answer. @defaultValue 500 `{"error":"Internal server error"}` */
  readonly unavailable: HostAnswer;
}

/** An answer that is ready to be sent. */
export interface PreparedAnswer {
  readonly status: number;
  /** JSON, or what the `Content-Type` of its reply says; empty: there is no body. */
  readonly text: string;
}

export type PreparedAnswers = Readonly<Record<AnswerName, PreparedAnswer>>;

/**
 * The documented answers with the host's changes in place.
 * @throws {TypeError} naming the answer, what it must be and what it was.
 */
export function prepareAnswers(changes: unknown): PreparedAnswers {
  const own = membersOf('answers', changes, Object.keys(DOCUMENTED));
  const prepare = (name: AnswerName): PreparedAnswer => {
    const option = `answers.${name}`;
    const { status, body } = membersOf(option, own[name], ['status', 'body']);
    return {
      status: readStatus(`${option}.status`, status ?? DOCUMENTED[name].status, name),
      text: readText(`${option}.body`, body === undefined ? DOCUMENTED[name].body : body),
    };
  };
  return {
    loggedOut: prepare('loggedOut'),
    logoutRefused: prepare('logoutRefused'),
    notAuthenticated: prepare('notAuthenticated'),
    tooManyRequests: prepare('tooManyRequests'),
    unavailable: prepare('unavailable'),
  };
}

/** An answer with the headers that it has beside those of every answer. */
export interface Reply {
  readonly answer: PreparedAnswer;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * All headers of a reply.
 * @param sent what is set already for a header.
 */
export function headersOf(
  { answer, headers = {} }: Reply,
  sent: (header: string) => unknown,
): Readonly<Record<string, string>> {
  const exposed = exposedHeaders(headers, sent);
  return {
    ...(answer.text !== '' && { 'Content-Type': JSON_IN_UTF8 }),
    ...PRIVATE,
    ...besideCors(headers, sent),
    ...(exposed !== undefined && { 'Access-Control-Expose-Headers': exposed }),
  };
}

function membersOf(
  option: string,
  value: unknown = {},
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject && Object.keys(value).every((name) => known.includes(name)))
    return Object.fromEntries(Object.entries(value));
  const got = isObject ? 'another member' : kindOf(value);
  throw misconfigured(option, `an object with some of ${known.join(', ')}`, got);
}

/** What refuses must look like a refusal to every client. */
function readStatus(option: string, status: unknown, name: AnswerName): number {
  const [min, max] = name === 'loggedOut' ? [200, 299] : [400, 599];
  const isStatus = typeof status === 'number' && Number.isInteger(status);
  if (isStatus && status >= min && status <= max) return status;
  throw misconfigured(option, `a whole number from ${min} to ${max}`, kindOf(status));
}

function readText(option: string, body: unknown): string {
  try {
    const text: unknown = JSON.stringify(body);
    if (typeof text === 'string') return text;
  } catch {
    // Circular, or a BigInt: the sentence below says what to give instead.
  }
  throw misconfigured(option, 'something that JSON can hold', kindOf(body));
}
