import type { Algorithm } from '../keys/algorithms';
import type { FinalVerdictOn, IssuerKeys } from '../keys/issuer-keys';
import { KeySet } from '../keys/key-set';
import {
  elapsedMs,
  INSTANCE_TIME,
  instantOf,
  type Instant,
  type InstanceTime,
} from '../../time/instance-time';
import type { KeyAddress } from './discovery';
import { type DocumentRequest, fetchDocument } from './https-document';
import { readJwkSet } from './jwk-set';
import { RefetchLimit } from './refetch-limit';
import { type KeyListeners, KeyReport } from './key-report';

/** However short or long a document says that it may be kept. */
const MIN_REFRESH_SECONDS = 300;
const MAX_REFRESH_SECONDS = 86_400;
/** After a failure; doubled with each, up to the longest. */
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;
/** How long a request waits for a key, and how long one that needs a final verdict. */
const MAX_WAIT_MS = 1000;
const MAX_FINAL_WAIT_MS = 5000;

export interface RemoteKeysOptions {
  /** Every name of the issuer. */
  readonly names: readonly string[];
  /** Where its JWK Set is now. May have to be found out by such requests. */
  readonly locate: (request: DocumentRequest) => Promise<KeyAddress>;
  readonly algorithms: readonly Algorithm[];
  /** How long the last keys hold after the last answer, while there is none. */
  readonly jwksStaleSeconds: number;
}

/**
 * The keys that an issuer publishes (RFC 7517 §5), as it last published them. They are fetched in
 * the background; a check waits for nothing, unless a token names a key that is not there.
 */
export class RemoteKeys implements IssuerKeys {
  readonly areFixed = false;
  private keys: KeySet | undefined;
  private text: string | undefined;
  /** Where the text is from: an ETag says nothing of a document at another address. */
  private source: { readonly url: string; readonly etag: string | undefined } | undefined;
  /** When the issuer last answered with keys, or that they are the same. */
  private confirmed: Instant | null = null;
  private failures = 0;
  private fetching: Promise<boolean> | undefined;
  /** The one that begins when that has ended. */
  private next: Promise<boolean> | undefined;
  private isOver = true;
  private over = new AbortController();
  /** Apart, so that forged tokens of one kind do not use up what the others need. */
  private readonly refetchLimits: Readonly<Record<'bearer' | FinalVerdictOn, RefetchLimit>>;
  private cancelRefresh: () => void = () => undefined;
  private report: KeyReport | undefined;

  constructor(
    private readonly options: RemoteKeysOptions,
    private readonly time: InstanceTime = INSTANCE_TIME,
  ) {
    this.refetchLimits = {
      bearer: new RefetchLimit(time, MAX_WAIT_MS),
      logout: new RefetchLimit(time, MAX_FINAL_WAIT_MS),
      revocation: new RefetchLimit(time, MAX_FINAL_WAIT_MS),
    };
  }

  get names(): readonly string[] {
    return this.options.names;
  }

  /** Whether the issuer has ever answered with keys. */
  get wereKnown(): boolean {
    return this.confirmed !== null;
  }

  /** How long ago the issuer last answered with its keys; `null`: never yet. */
  get ageMs(): number | null {
    return this.confirmed === null ? null : elapsedMs(this.confirmed, this.time);
  }

  get current(): KeySet | undefined {
    const { holdMs } = this;
    return holdMs !== null && holdMs > 0 ? this.keys : undefined;
  }

  /** How long the keys still hold without another answer; `null`: there are none yet. */
  private get holdMs(): number | null {
    const { ageMs } = this;
    return ageMs === null ? null : this.options.jwksStaleSeconds * 1000 - ageMs;
  }

  /**
   * Fetches the keys, and goes on to do so until `close`, whatever fails. Idempotent.
   * @returns when the first fetch has ended, also where it failed.
   */
  async open(listeners: KeyListeners): Promise<void> {
    this.report = new KeyReport(this.names, listeners, this.time);
    this.isOver = false;
    this.over = new AbortController();
    await this.refresh();
  }

  /** Idempotent. */
  close(): void {
    this.isOver = true;
    this.over.abort();
    this.fetching = undefined;
    this.next = undefined;
    this.cancelRefresh();
  }

  refetch(): Promise<void> | undefined {
    const { bearer } = this.refetchLimits;
    if (this.isOver || !bearer.mayWait) return undefined;
    if (this.fetching === undefined && !bearer.mayFetch()) return undefined;
    return bearer.wait(this.refresh(true)).then(() => undefined);
  }

  async isCurrent(token: FinalVerdictOn): Promise<boolean> {
    const limit = this.refetchLimits[token];
    if (this.isOver || !limit.mayWait) return false;
    const answer = this.answerFor(limit);
    return answer !== undefined && limit.wait(answer);
  }

  /** `undefined`: nothing is under way, and nothing may be fetched now. */
  private answerFor(limit: RefetchLimit): Promise<boolean> | undefined {
    if (this.next !== undefined || limit.mayFetch()) return this.refreshNext();
    // It may have the key. Its answer may be older than the question.
    return this.fetching?.then(() => false);
  }

  /** A refetch that begins now, or when the one under way has ended. Never rejects. */
  private refreshNext(): Promise<boolean> {
    if (this.fetching === undefined) return this.refresh(true);
    if (this.next !== undefined) return this.next;
    return (this.next = this.fetching.then(() => {
      this.next = undefined;
      // Where all was closed since, it is aborted before it begins.
      return this.refresh(true);
    }));
  }

  /**
   * One fetch at a time. Never rejects.
   * @param isRefetch whether it must tell the keys of now, if it is not under way already.
   */
  private refresh(isRefetch = false): Promise<boolean> {
    // A fetch that is about to end has planned the next one already: that one stays.
    if (this.fetching !== undefined) return this.fetching;
    this.cancelRefresh();
    const { signal } = this.over;
    const fetching = this.fetch({ signal, noCache: isRefetch }).finally(() => {
      if (this.fetching === fetching) this.fetching = undefined;
    });
    return (this.fetching = fetching);
  }

  /** @returns whether its answer was made since it began: by the issuer itself, and by no cache. */
  private async fetch(request: DocumentRequest & { signal: AbortSignal }): Promise<boolean> {
    const { signal } = request;
    try {
      const { url, isFromCache: isMaybeElsewhere } = await this.options.locate(request);
      const known = this.source?.url === url ? this.source.etag : undefined;
      const document = await fetchDocument(url, known, request);
      const { text, etag, maxAgeSeconds, isFromCache } = document;
      if (signal.aborted) return false;
      if (text !== undefined) this.replace(text);
      this.source = { url, etag };
      this.confirmed = instantOf(this.time);
      this.failures = 0;
      this.report?.answered();
      this.refreshIn(this.refreshMs(maxAgeSeconds));
      return !isFromCache && !isMaybeElsewhere;
    } catch (cause) {
      if (signal.aborted) return false;
      this.source = undefined;
      this.failures += 1;
      this.report?.failed(cause, this.holdMs);
      this.refreshIn(Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.failures - 1)));
      return false;
    }
  }

  /** The same keys stay the same object: tokens that they have signed stay remembered. */
  private replace(text: string): void {
    if (text === this.text) return;
    const { algorithms } = this.options;
    this.keys = new KeySet(readJwkSet(text, algorithms), algorithms);
    this.text = text;
  }

  private refreshIn(delayMs: number): void {
    if (this.isOver) return;
    this.cancelRefresh = this.time.after(delayMs, () => {
      void this.refresh();
    });
  }

  /** The last keys never go while the issuer answers. */
  private refreshMs(maxAgeSeconds = MIN_REFRESH_SECONDS): number {
    const longest = Math.min(MAX_REFRESH_SECONDS, this.options.jwksStaleSeconds / 2);
    return 1000 * Math.min(longest, Math.max(MIN_REFRESH_SECONDS, maxAgeSeconds));
  }
}
