import { type InstanceTime, rateLimited } from '../../time/instance-time';

/** Who is told how it goes with the keys of issuers. */
export interface KeyListeners {
  /** The keys of an issuer could not be fetched: why, and what that means for its tokens. */
  readonly onError: (error: Error) => void;
  /** They could be fetched again, after a failure that `onError` was told of. */
  readonly onRecovery: (line: string) => void;
}

/** Tells how it goes with the keys of one issuer. What a listener throws changes nothing. */
export class KeyReport {
  private readonly tellFailure: (error: Error) => void;
  private readonly tellEnd: (error: Error) => void;
  private isFailureTold = false;

  constructor(
    private readonly names: readonly string[],
    private readonly listeners: KeyListeners,
    private readonly time: InstanceTime,
  ) {
    const tell = (error: Error): void => {
      this.isFailureTold = true;
      listeners.onError(error);
    };
    this.tellFailure = rateLimited(tell, time);
    // Apart from the others: that the keys have ended is told at once.
    this.tellEnd = rateLimited(tell, time);
  }

  /**
   * A fetch has failed. Told once a minute at most, and once more where the keys have ended since.
   * @param holdMs how long the last keys still hold; not above 0: they have ended; `null`: there were
   * none yet.
   */
  failed(cause: unknown, holdMs: number | null): void {
    const what = `The keys of ${this.issuer} could not be fetched. ${this.consequence(holdMs)}`;
    const tell = holdMs !== null && holdMs <= 0 ? this.tellEnd : this.tellFailure;
    tell(new Error(what, { cause }));
  }

  /** The issuer has answered with its keys. */
  answered(): void {
    if (!this.isFailureTold) return;
    this.isFailureTold = false;
    try {
      this.listeners.onRecovery(
        `The keys of ${this.issuer} could be fetched again: its tokens are checked with them.`,
      );
    } catch {
      // A log that fails must not make a failure of a fetch that succeeded.
    }
  }

  private get issuer(): string {
    return `the issuer ${this.names.join(', ')}`;
  }

  private consequence(holdMs: number | null): string {
    if (holdMs === null) return 'Its tokens get 500 until they are there.';
    const end = new Date(this.time.wall() + holdMs).toISOString();
    return holdMs > 0
      ? `The last ones hold until ${end} (jwksStaleSeconds); then its tokens get 500.`
      : `The last ones have ended at ${end} (jwksStaleSeconds): its tokens get 500 until it answers.`;
  }
}
