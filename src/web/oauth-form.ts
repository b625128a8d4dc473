import type { Answer, BareAnswer, EmptyAnswer } from './answers';
import type { Route } from './route';

const RETRY_AFTER_SECONDS = 1;

/** The errors of OAuth 2.0 (RFC 6749 §5.2), by status. */
const ERRORS: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request'],
  [401, 'invalid_client'],
]);

/**
 * An error in the form of its route. On routes of OAuth 2.0 a 400 and a 401 name their `error`
 * (RFC 6749 §5.2), beside our envelope or alone, and a failure is a 503 after which the client must
 * take the token for live (RFC 7009 §2.2.1), or for unknown (RFC 7662). What has that form already
 * stays as it is.
 */
export function inFormOf(
  { isOAuth, isErrorAlone }: Route,
  answer: Answer | BareAnswer | EmptyAnswer,
): Answer | BareAnswer | EmptyAnswer {
  if (isOAuth !== true || !('body' in answer)) return answer;
  const { status, headers, body } = answer;
  const error = ERRORS.get(status);
  if (error !== undefined)
    return { status, headers, body: isErrorAlone === true ? { error } : { ...body, error } };
  if (status !== 500) return answer;
  return {
    status: 503,
    headers: { ...headers, 'Retry-After': String(RETRY_AFTER_SECONDS) },
    body,
  };
}
