import type { Algorithm } from '../keys/algorithms';
import type { IssuerKeys } from '../keys/issuer-keys';
import { KeySet } from '../keys/key-set';
import {
  elapsedMs,
  INSTANCE_TIME,
  instantOf,
  type Instant,
  type InstanceTime,
} from '../../time/instance-time';
import { fetchDocument } from './https-document';
import { readJwkSet } from './jwk-set';
import { KeyNews } from './key-news';
import { type KeyListeners, KeyReport } from './key-report';

/** However short or long a document says that it may be kept. */
const MIN_REFRESH_SECONDS = 300;
const MAX_REFRESH_SECONDS = 86_400;
/** After a failure; doubled with each, up to the longest. */
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;
/** How long a request waits for a key, and a logout token: a provider may send it only once. */
const MAX_WAIT_MS = 1000;
const MAX_LOGOUT_WAIT_MS = 5000;

export interface RemoteKeysOptions {
  /** Every name of the issuer. */
  readonly names: readonly string[];
  /** Where its JWK Set is. May have to be found out first. */
  readonly locate: (signal: AbortSignal) => Promise<string>;
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
  private fetching: Promise<void> | undefined;
  /** Where the keys were last; found anew by each fetch but those for news. */
  private url: string | undefined;
  private isOver = true;
  private over = new AbortController();
  private readonly tokenNews: KeyNews;
  /** Apart, so that forged tokens do not use up what a logout needs. */
  private readonly logoutNews: KeyNews;
  private cancelRefresh: () => void = () => undefined;
  private report: KeyReport | undefined;

  constructor(
    private readonly options: RemoteKeysOptions,
    private readonly time: InstanceTime = INSTANCE_TIME,
  ) {
    this.tokenNews = new KeyNews(time, MAX_WAIT_MS);
    this.logoutNews = new KeyNews(time, MAX_LOGOUT_WAIT_MS);
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
  open(listeners: KeyListeners): Promise<void> {
    this.report = new KeyReport(this.names, listeners, this.time);
    this.isOver = false;
    this.over = new AbortController();
    return this.refresh();
  }

  /** Idempotent. */
  close(): void {
    this.isOver = true;
    this.over.abort();
    this.fetching = undefined;
    this.cancelRefresh();
  }

  news(): Promise<void> | undefined {
    if (this.isOver || !this.tokenNews.mayWait(this.fetching !== undefined)) return undefined;
    return this.tokenNews.wait(this.refresh());
  }

  async isCurrent(): Promise<boolean> {
    if (this.isOver || !this.logoutNews.mayWait(this.fetching !== undefined)) return false;
    const { confirmed } = this;
    await this.logoutNews.wait(this.refresh());
    return this.confirmed !== confirmed;
  }

  /** One fetch at a time. Never rejects. */
  private refresh(): Promise<void> {
    // A fetch that is about to end has planned the next one already: that one stays.
    if (this.fetching !== undefined) return this.fetching;
    this.cancelRefresh();
    const { signal } = this.over;
    const fetching = this.fetch(signal).finally(() => {
      if (this.fetching === fetching) this.fetching = undefined;
    });
    return (this.fetching = fetching);
  }

  private async fetch(signal: AbortSignal): Promise<void> {
    try {
      const url = (this.url ??= await this.options.locate(signal));
      const known = this.source?.url === url ? this.source.etag : undefined;
      const { text, etag, maxAgeSeconds } = await fetchDocument(url, known, { signal });
      if (signal.aborted) return;
      if (text !== undefined) this.replace(text);
      this.source = { url, etag };
      this.confirmed = instantOf(this.time);
      this.failures = 0;
      this.report?.answered();
      this.refreshIn(this.refreshMs(maxAgeSeconds));
    } catch (cause) {
      if (signal.aborted) return;
      this.source = undefined;
      this.url = undefined;
      this.failures += 1;
      this.report?.failed(cause, this.holdMs);
      this.refreshIn(Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.failures - 1)));
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
      this.url = undefined;
      void this.refresh();
    });
  }

  /** The last keys never go while the issuer answers. */
  private refreshMs(maxAgeSeconds = MIN_REFRESH_SECONDS): number {
    const longest = Math.min(MAX_REFRESH_SECONDS, this.options.jwksStaleSeconds / 2);
    return 1000 * Math.min(longest, Math.max(MIN_REFRESH_SECONDS, maxAgeSeconds));
  }
}
