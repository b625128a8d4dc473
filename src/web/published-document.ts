import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** For how long others may use a document of ours without asking again. */
const DOCUMENT_MAX_AGE_SECONDS = 300;

const ALLOW_ORIGIN = 'Access-Control-Allow-Origin';

/** A document, as it stands: no envelope, and the same for every client. */
export interface DocumentAnswer {
  readonly status: 200;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The client has the document as it is (RFC 9110 §15.4.5). */
export interface UnchangedAnswer {
  readonly status: 304;
  readonly headers: Readonly<Record<string, string>>;
}

/** A public document that stays as it is for as long as the process runs. */
export class PublishedDocument {
  private readonly text: string;
  private readonly etag: string;
  private readonly headers: Readonly<Record<string, string>>;

  /** @param content what JSON can hold. */
  constructor(mediaType: string, content: object) {
    this.text = JSON.stringify(content);
    this.etag = `"${createHash('sha256').update(this.text).digest('base64url')}"`;
    this.headers = {
      'Content-Type': `${mediaType}; charset=utf-8`,
      'Cache-Control': `public, max-age=${DOCUMENT_MAX_AGE_SECONDS}`,
      ETag: this.etag,
      'X-Content-Type-Options': 'nosniff',
      [ALLOW_ORIGIN]: '*',
    };
  }

  /** Answers a GET or a HEAD, by its `If-None-Match` alone. */
  answerTo({ 'if-none-match': known }: IncomingHttpHeaders): DocumentAnswer | UnchangedAnswer {
    const { headers, text } = this;
    return this.isAmong(known) ? { status: 304, headers } : { status: 200, text, headers };
  }

  /** Compared weakly (RFC 9110 §13.1.2): a proxy that compresses makes the tag a weak one. */
  private isAmong(known: string | undefined): boolean {
    const tags = known?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    return tags?.some((tag) => tag === '*' || tag === this.etag) === true;
  }
}

/**
 * The headers of an answer, without those that the host's CORS has set: it knows better.
 * @param sent what is set already for a header.
 */
export function besideCors(
  headers: Readonly<Record<string, string>>,
  sent: (header: string) => unknown,
): Readonly<Record<string, string>> {
  if (!(ALLOW_ORIGIN in headers) || sent(ALLOW_ORIGIN) === undefined) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== ALLOW_ORIGIN));
}
