import type { Answer } from './answers';

const RETRY_AFTER_SECONDS = 1;

/**
 * An error in the form of OAuth 2.0: a 400 names its `error` (RFC 6749 §5.2), and a failure is a 503
 * after which the client must take the token for live (RFC 7009 §2.2.1).
 */
export function inOAuthForm(answer: Answer): Answer {
  if (answer.status === 400)
    return { ...answer, body: { ...answer.body, error: 'invalid_request' } };
  if (answer.status !== 500) return answer;
  const headers = { ...answer.headers, 'Retry-After': String(RETRY_AFTER_SECONDS) };
  return { ...answer, status: 503, headers };
}
