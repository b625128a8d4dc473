import type { Admission, Introspection } from '../introspection/introspection';
import type { SignedIntrospection } from '../introspection/signed-introspection';
import { asksFor } from './accept';
import type { AdmittedRequest } from './admitted-request';
import { PRIVATE, type Answer, type BareAnswer, type LogoutAnswers } from './answers';
import { parameterIn } from './form-parameter';
import { SIGNED_INTROSPECTION } from './introspection-route';

/** What makes the answers. */
interface AnswerMakers {
  readonly introspection: Introspection;
  /** Absent: no private key is known, and every answer is JSON. */
  readonly signedIntrospection: SignedIntrospection | undefined;
}

/**
 * The answer to a caller that the gate has let in, in the form that it asks for: signed (RFC 9701
 * §4), or as JSON. Both hold the same.
 * @throws {StoreUnavailableError} whether the token is live is unknown. @throws
 * {IssuerUnavailableError} the same.
 */
export async function answerIntrospection(
  { body, caller, source }: AdmittedRequest,
  accept: string | undefined,
  { introspection, signedIntrospection: signed }: AnswerMakers,
  answers: LogoutAnswers,
  admits?: Admission,
): Promise<Answer | BareAnswer> {
  const token = parameterIn(body, 'token');
  if (caller === undefined || token === undefined) return answers.refuse('bad_request');
  const answer = await introspection.of(token, caller, source, admits);
  if (signed === undefined || !asksFor(SIGNED_INTROSPECTION, accept))
    return { status: 200, headers: PRIVATE, body: answer };
  const headers = { ...PRIVATE, 'Content-Type': SIGNED_INTROSPECTION };
  return { status: 200, headers, text: signed.of(answer, caller.id) };
}
