import type { Answer, BareAnswer, EmptyAnswer } from './answers';
import type { Route } from './route';

const RETRY_AFTER_SECONDS = 1;

/** The errors of OAuth 2.0 (RFC 6749 §5.2), by status. */
const ERRORS: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request'],
  [401, 'invalid_client'],
]);
/** Later the same request may succeed (RFC 6749 §4.1.2.1). */
const LATER: ReadonlySet<number> = new Set([429, 503]);

/**
 * The answer as its route gives it: on a route of OAuth 2.0 an error has the form that OAuth asks for.
 * A failure is a 503, after which the client must take the token for live (RFC 7009 §2.2.1), or for
 * unknown (RFC 7662). Where `isErrorAlone`, each refusal is an `error` and nothing else; otherwise a
 * 400 and a 401 have their `error` beside our envelope. Idempotent.
 */
export function withOAuthError(
  route: Route | undefined,
  answer: Answer | BareAnswer | EmptyAnswer,
): Answer | BareAnswer | EmptyAnswer {
  if (route?.isOAuth !== true || !('body' in answer) || answer.status < 400) return answer;
  const { status, headers } = answer.status === 500 ? unavailable(answer) : answer;
  if (route.isErrorAlone === true)
    return { status, headers, body: { error: oauthErrorOf(status) } };
  const error = ERRORS.get(status);
  return { status, headers, body: { ...answer.body, ...(error !== undefined && { error }) } };
}

/** The `error` that says what a status of 400 or more says. */
export function oauthErrorOf(status: number): string {
  return ERRORS.get(status) ?? (LATER.has(status) ? 'temporarily_unavailable' : 'invalid_request');
}

const unavailable = ({ headers }: EmptyAnswer): EmptyAnswer => ({
  status: 503,
  headers: { ...headers, 'Retry-After': String(RETRY_AFTER_SECONDS) },
});
