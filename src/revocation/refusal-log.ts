import type { RefusalReason } from '../audit/reasons';
import { escapeControls } from '../audit/request-source';
import type { Explanation } from '../tokens/explanation/explanation';
import type { Claims } from '../tokens/verification/claims';
import { explainPlain, isPlain, NO_ID, NO_ISSUE_TIME } from './reason-explanations';

/** Receives a sentence that says why requests are refused, and what to change. */
export type RefusalPrinter = (line: string) => void;

const NO_SESSION =
  'Access tokens of that issuer were accepted here that name no session: those are not ended. Let the ' +
  "issuer write it into them, and name its claim in sessionClaim; or set backchannel.ends to 'subject'.";

const NAMES_NO_SESSION =
  'It names no session, and logoutCovers is "session". Let its issuer write the session into its ' +
  'tokens, and name the claim in sessionClaim, unless it is sid.';

/** For those that mean a guard of tokens; a limit, say, is the host's own business. */
const OF_TOKENS: readonly number[] = [401, 403];
const LET_PASS =
  ' Our routes check what comes themselves: let it pass what has the metadata isPublic; or name the ' +
  'key that it goes by in publicMetadata.';

const MINUTE_MS = 60_000;

/**
 * Says why requests are refused: one line for each reason and minute, however many are refused. A
 * line holds no text of a token, and no value of a claim but the issuer; and the audience of a live
 * token that a caller of introspection is told nothing of.
 */
export class RefusalLog {
  private readonly lines = new Map<string, { readonly atMs: number; untold: number }>();
  private readonly notedMissing = new Set<'jti' | 'iat'>();

  /**
   * @param print absent: nothing is said, and nothing is explained.
   * @param now milliseconds of a clock that never goes back.
   */
  constructor(
    private readonly print?: RefusalPrinter,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** For a refusal that was counted; those that only the token can explain are said by `explain`. */
  say(reason: RefusalReason): void {
    if (isPlain(reason)) this.explain(reason, () => explainPlain(reason));
  }

  /** @param explanation asked for once a minute at most: it costs more than the refusal. */
  explain(reason: RefusalReason, explanation: () => Explanation): void {
    this.writeRarely(reason, (more) => lineOf(reason, explanation(), more));
  }

  /**
   * A caller of introspection was told that a live token is inactive: one line for each caller and
   * minute.
   * @param why asked for once a minute at most.
   */
  explainInactive(callerId: string, why: () => string): void {
    const caller = `the caller ${JSON.stringify(callerId)}`; // no reason has a blank
    this.writeRarely(caller, (more) => `Answered inactive to ${caller}${more}: ${why()}`);
  }

  /** A logout of an identity provider ends less than it may seem to: one line for each issuer and minute. */
  noteUncovered(issuer: string): void {
    const logout = `A logout at the issuer ${JSON.stringify(issuer)}`;
    this.writeRarely(
      logout,
      (more) => `${logout}${more} ended the tokens of a session. ${NO_SESSION}`,
    );
  }

  /** A logout ends less than `logoutCovers` says: one line for each issuer and minute. */
  noteWithoutSession(issuer: string | undefined): void {
    const ofIssuer = issuer === undefined ? '' : ` of the issuer ${JSON.stringify(issuer)}`;
    const logout = `A logout with a token${ofIssuer}`;
    this.writeRarely(
      logout,
      (more) => `${logout}${more} ended that token alone. ${NAMES_NO_SESSION}`,
    );
  }

  /**
   * Code of the host's has refused a request that had come to a route of ours: one line for each route
   * and minute.
   * @param path of the route, below that of the module.
   */
  noteHostRefusal(path: string, status: number): void {
    const request = `A request to ${path}`;
    this.writeRarely(
      request,
      (more) =>
        `${request}${more} was refused with ${status} by code of this application, such as a global ` +
        `guard.${OF_TOKENS.includes(status) ? LET_PASS : ''}`,
    );
  }

  /** Once for each claim: a token was accepted that has no `jti`, or no `iat`. */
  noteMissing({ jti, iat }: Claims): void {
    if (jti === undefined) this.noteOnce('jti', NO_ID);
    if (iat === undefined) this.noteOnce('iat', NO_ISSUE_TIME);
  }

  private noteOnce(claim: 'jti' | 'iat', sentence: string): void {
    if (this.notedMissing.has(claim)) return;
    this.notedMissing.add(claim);
    this.write(`A token was accepted. ${sentence}`);
  }

  /** @param key what there is one line of in a minute; they are bounded in number. */
  private writeRarely(key: string, lineWith: (more: string) => string): void {
    if (this.print === undefined) return;
    const known = this.lines.get(key);
    const atMs = this.now();
    if (known !== undefined && atMs - known.atMs < MINUTE_MS) {
      known.untold += 1;
      return;
    }
    this.lines.set(key, { atMs, untold: 0 });
    const untold = known?.untold ?? 0;
    this.write(lineWith(untold === 0 ? '' : ` (and ${untold} more since the last such line)`));
  }

  private write(line: string): void {
    try {
      this.print?.(escapeControls(line));
    } catch {
      // A log that fails must not change the answer.
    }
  }
}

function lineOf(reason: RefusalReason, explanation: Explanation, more: string): string {
  const { member, found, remedy } = explanation;
  const fault = member === undefined ? '' : `"${member}" is ${found}. `;
  return `Refused, ${reason}${more}: ${fault}${remedy}`;
}
