import type { IntrospectionAnswer } from '../introspection/introspection-answer';
import type { Caller } from '../introspection/introspection-callers';
import type { SignedIntrospection } from '../introspection/signed-introspection';
import { asksFor } from './accept';
import { PRIVATE, type BareAnswer } from './answers';
import { SIGNED_INTROSPECTION } from './introspection-route';

/**
 * The answer in the form that the caller asks for: signed (RFC 9701 §4), or as JSON. The form is the
 * last thing that is decided: it holds what any other would hold.
 * @param signed absent: there is no key for it, and every answer is JSON.
 */
export function introspected(
  answer: IntrospectionAnswer,
  { id }: Caller,
  accept: string | undefined,
  signed: SignedIntrospection | undefined,
): BareAnswer {
  if (signed === undefined || !asksFor(SIGNED_INTROSPECTION, accept))
    return { status: 200, headers: PRIVATE, body: answer };
  const headers = { ...PRIVATE, 'Content-Type': SIGNED_INTROSPECTION };
  return { status: 200, headers, text: signed.of(answer, id) };
}
