import { KeysInDoubtError, reasonOf, TokenRejectedError } from '../revocation/errors';
import { explainDoubt } from '../revocation/reason-explanations';
import { RefusalLog } from '../revocation/refusal-log';
import { REFUSAL_REASONS, type RefusalReason } from '../audit/reasons';

/** How many requests were refused, by reason, since the start; the audit gives the same reasons. */
export class RefusalCounts {
  // All from the start: an alert sees the first refusal only where there was a zero before it.
  private readonly counts = new Map<RefusalReason, number>(
    REFUSAL_REASONS.map((reason) => [reason, 0]),
  );

  /**
   * @param log says why, for each that is counted.
   * @param onFailure told of each that could not be answered, with the error.
   */
  constructor(
    private readonly log = new RefusalLog(),
    private readonly onFailure: (error: unknown) => void = () => undefined,
  ) {}

  count(reason: RefusalReason): void {
    this.log.say(reason);
    this.add(reason);
  }

  /** A request that had come to a route of ours was refused by code of the host's. */
  countHostRefusal(path: string, status: number): void {
    this.log.noteHostRefusal(path, status);
    this.add('refused_by_host');
  }

  /** The log has the error, where it is no refusal of a token, and a token is not in doubt. */
  countError(error: unknown): void {
    const reason = reasonOf(error);
    this.count(reason);
    if (error instanceof KeysInDoubtError) this.log.explain(reason, () => explainDoubt(error));
    else if (!(error instanceof TokenRejectedError)) this.onFailure(error);
  }

  private add(reason: RefusalReason): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
  }

  [Symbol.iterator](): IterableIterator<[reason: RefusalReason, count: number]> {
    return this.counts.entries();
  }
}
