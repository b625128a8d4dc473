import { SCOPES, type RevocationScope } from '../tokens/scopes';
import type { Revocation } from './revocation';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
const TEXTS = ['issuer', 'subject', 'tokenId', 'sessionId', 'clientId'] as const;
const CURSOR = /^\d{1,16}\.[\da-f]{64}\.(?:\d{1,15}|infinity)\.\d{1,15}$/;

/** A revocation that has not expired. */
export interface LiveRevocation extends Revocation {
  /** By the store's clock. */
  readonly revokedAt: Date;
}

/** Which live revocations to find; what is left out matches everything. */
export interface RevocationSearch {
  readonly scope?: RevocationScope;
  readonly issuer?: string;
  readonly subject?: string;
  /** The `jti` of a token. */
  readonly tokenId?: string;
  /** The session of tokens, by `sessionClaim`. */
  readonly sessionId?: string;
  readonly clientId?: string;
  /** Revocations a page, 1–1000. @defaultValue 100 */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** Newest first. */
export interface RevocationPage {
  readonly revocations: readonly LiveRevocation[];
  /** Absent on the last page. Pages neither repeat nor skip what stays live meanwhile. */
  readonly nextCursor?: string;
}

/** The place of a revocation among all of them, in the order of pages. */
export interface RevocationPlace {
  /** When it was revoked, in µs since the epoch: a `Date` would lose some. */
  readonly microseconds: number;
  readonly key: string;
  /** In ms since the epoch; `Infinity` for tokens of every age. */
  readonly issuedBeforeMs: number;
  /** In ms since the epoch. */
  readonly expiresAtMs: number;
}

/** A revocation, and where it stands among all of them. */
export interface PlacedRevocation extends RevocationPlace {
  readonly revocation: LiveRevocation;
}

/** A search in which every value has been found fit for a store. */
export interface CheckedSearch extends Omit<RevocationSearch, 'limit' | 'cursor'> {
  readonly limit: number;
  readonly after?: RevocationPlace;
}

/** @throws {TypeError} naming the part of the search that is not of its form. */
export function checkSearch(search: RevocationSearch): CheckedSearch {
  const { cursor, limit = DEFAULT_LIMIT, ...filters } = search;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw refusal('limit', `a whole number from 1 to ${MAX_LIMIT}`);
  if (filters.scope !== undefined && !Object.hasOwn(SCOPES, filters.scope))
    throw refusal('scope', `one of ${Object.keys(SCOPES).join(', ')}`);
  for (const name of TEXTS) {
    const text: unknown = filters[name];
    if (text !== undefined && (typeof text !== 'string' || text.includes('\0')))
      throw refusal(name, 'a string without U+0000');
  }
  return cursor === undefined
    ? { ...filters, limit }
    : { ...filters, limit, after: parseCursor(cursor) };
}

/** @param found the revocations of a page and, where another page follows, at least one more. */
export function pageOf<Found>(
  found: readonly Found[],
  limit: number,
  revocationOf: (found: Found) => LiveRevocation,
  placeOf: (found: Found) => RevocationPlace,
): RevocationPage {
  const page = found.slice(0, limit);
  const revocations = page.map(revocationOf);
  const last = page.at(-1);
  if (last === undefined || found.length <= limit) return { revocations };
  return { revocations, nextCursor: formatCursor(placeOf(last)) };
}

/** The order of pages. */
export function newestFirst(a: RevocationPlace, b: RevocationPlace): number {
  const byKey = Number(b.key > a.key) - Number(b.key < a.key);
  return (
    b.microseconds - a.microseconds ||
    byKey ||
    // Infinity − Infinity is not a number, and means that they are equal.
    b.issuedBeforeMs - a.issuedBeforeMs ||
    b.expiresAtMs - a.expiresAtMs
  );
}

/** Whether a revocation has all that the search names. */
export function filterOf(search: CheckedSearch): (placed: PlacedRevocation) => boolean {
  const { scope, issuer, subject, tokenId, sessionId, clientId, after } = search;
  return (placed) => {
    const { revocation } = placed;
    return (
      (scope === undefined || revocation.scope === scope) &&
      (issuer === undefined || revocation.issuer === issuer) &&
      (subject === undefined || revocation.subject === subject) &&
      (tokenId === undefined || revocation.tokenId === tokenId) &&
      (sessionId === undefined || revocation.sessionId === sessionId) &&
      (clientId === undefined || revocation.clientId === clientId) &&
      (after === undefined || newestFirst(after, placed) < 0)
    );
  };
}

/** A cursor is opaque to callers and safe in a URL. */
function formatCursor(place: RevocationPlace): string {
  const { microseconds, key, issuedBeforeMs, expiresAtMs } = place;
  const issuedBefore = issuedBeforeMs === Infinity ? 'infinity' : issuedBeforeMs;
  return Buffer.from(`${microseconds}.${key}.${issuedBefore}.${expiresAtMs}`).toString('base64url');
}

function parseCursor(cursor: unknown): RevocationPlace {
  const text =
    typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString('latin1') : '';
  if (!CURSOR.test(text)) throw refusal('cursor', 'the nextCursor of the page before');
  const [microseconds, key = '', issuedBefore, expiresAt] = text.split('.');
  const place = {
    microseconds: Number(microseconds),
    key,
    issuedBeforeMs: issuedBefore === 'infinity' ? Infinity : Number(issuedBefore),
    expiresAtMs: Number(expiresAt),
  };
  if (formatCursor(place) !== cursor) throw refusal('cursor', 'the nextCursor of the page before');
  return place;
}

function refusal(name: string, requirement: string): TypeError {
  return new TypeError(`nestjs-logout: "${name}" of a revocation search must be ${requirement}.`);
}
