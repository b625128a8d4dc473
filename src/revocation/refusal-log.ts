import type { RefusalReason } from '../audit/reasons';
import type { RefusalCause } from '../tokens/verification/token-verifier';
import type { Explanation } from '../tokens/verification/explanation';

/** Receives a sentence that says why requests are refused, and what to change. */
export type RefusalPrinter = (line: string) => void;

/** The reasons that are the same for every token; all others are explained by the token itself. */
type PlainReason = Exclude<
  RefusalReason,
  RefusalCause | `body_token_${RefusalCause}` | 'store_unavailable' | 'internal_error'
>;

const REMEDIES: Readonly<Record<PlainReason, string>> = {
  token_missing:
    'The request has no bearer token. Send "Authorization: Bearer <token>", or name in ' +
    'tokenSources where the token is.',
  token_expired: 'Log in again; where clocks differ, set clockToleranceSeconds.',
  token_revoked: 'It was logged out. Log in again.',
  token_not_own: "The body names a token of another issuer or subject than the bearer's.",
  token_invalid: 'Code of the application refused it.',
  refused_by_host: 'The option validate returned null, undefined or false.',
  body_token_missing: 'Send the JSON body {"token": "<token>"}, or set bodyToken: "optional".',
  method_not_allowed: 'Send POST.',
  limit_by_token: 'Raise throttleLimit, or send fewer requests with one token.',
  limit_by_address:
    'Raise throttleLimit, or send fewer requests; behind a proxy, let the platform trust it, or ' +
    'all clients share one address.',
  unsupported_media_type: 'Send "Content-Type: application/json".',
  content_too_large: 'The body must hold the token and little else; see maxTokenBytes.',
  bad_request: 'Send a JSON object as the body.',
};

const MINUTE_MS = 60_000;

/**
 * Says why requests are refused: one line for each reason and minute, so that a flood writes no more
 * than that. A line holds no text of a token, and no value of a claim but the issuer.
 */
export class RefusalLog {
  private readonly lines = new Map<RefusalReason, { readonly atMs: number; left: number }>();

  /**
   * @param print absent: nothing is said, and nothing is explained.
   * @param now milliseconds of a clock that never goes back.
   */
  constructor(
    private readonly print?: RefusalPrinter,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** For a reason that says all there is to say. */
  say(reason: PlainReason): void {
    this.explain(reason, () => ({ remedy: REMEDIES[reason] }));
  }

  /** @param explanation asked for once a minute at most: it costs more than the refusal. */
  explain(reason: RefusalReason, explanation: () => Explanation): void {
    if (this.print === undefined) return;
    const known = this.lines.get(reason);
    const atMs = this.now();
    if (known !== undefined && atMs - known.atMs < MINUTE_MS) {
      known.left += 1;
      return;
    }
    this.lines.set(reason, { atMs, left: 0 });
    try {
      this.print(lineOf(reason, explanation(), known?.left ?? 0));
    } catch {
      // A log that fails must not change the answer.
    }
  }
}

function lineOf(reason: RefusalReason, explanation: Explanation, left: number): string {
  const { member, found, remedy } = explanation;
  const more = left === 0 ? '' : ` (and ${left} more since the last such line)`;
  const fault = member === undefined ? '' : `"${member}" is ${found}. `;
  return escapeControls(`Refused, ${reason}${more}: ${fault}${remedy}`);
}
