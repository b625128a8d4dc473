import { LRUCache } from 'lru-cache';
import { clientsOf, type Claims } from './claims';
import { copyOfClaims } from './claims-copy';
import type { VerifiedToken } from '../verified-token';
import type { KeySet } from '../keys/key-set';

/** What all remembered tokens together may take: some ten thousand of usual length. */
const MAX_BYTES = 16 * 1024 * 1024;

/** As long as the shortest signature there is, HS256's: no two tokens share it by chance. */
const NAME_LENGTH = 43;

interface RememberedToken extends VerifiedToken {
  readonly text: string;
  readonly signedBy: KeySet;
}

/**
 * Tokens whose signature was found good, so that the next request with the same text need not pay
 * for that. No verdict is remembered, only what cannot change: that this very text was signed by a
 * key of that key set, what it claims, and what a revocation of it is kept under.
 */
export class VerifiedTokenCache {
  private readonly tokens = new LRUCache<string, RememberedToken>({ maxSize: MAX_BYTES });

  /** @param keysOf the keys that an issuer has now. */
  constructor(private readonly keysOf: (issuer: string | undefined) => KeySet | undefined) {}

  /** The memory taken, at most 16 MB, by an estimate that errs upwards. */
  get bytes(): number {
    return this.tokens.calculatedSize;
  }

  /**
   * The token that has exactly this text, if the keys that its issuer has now have signed it. Its
   * claims are a copy of the caller's own, free to be written to.
   */
  get(text: string): VerifiedToken | undefined {
    const known = this.tokens.get(nameOf(text));
    // To hash all of a long text would cost more than anything else here, so a name finds it; but
    // nothing counts except the whole text.
    if (known?.text !== text) return undefined;
    // What other keys have signed may be worth nothing by now.
    if (known.signedBy !== this.keysOf(known.claims.iss)) return undefined;
    const { subject, sessionId, revocationKey, keys: queried, expiresAtMs } = known;
    const claims = copyOfClaims(known.claims);
    return { claims, subject, sessionId, revocationKey, keys: queried, expiresAtMs };
  }

  /** @param token signed by one of the keys that its issuer has now, with claims of the right form. */
  set(text: string, token: VerifiedToken): void {
    const size = bytesOf(text, token.claims) + bytesOfKeys(token);
    if (size > MAX_BYTES) return;
    const own = ownText(text);
    const { claims, subject, sessionId, revocationKey, keys: queried, expiresAtMs } = token;
    const signedBy = this.keysOf(claims.iss);
    if (signedBy === undefined) return;
    // Written out: with a spread V8 makes a hidden class for each token.
    const remembered = {
      text: own,
      signedBy,
      claims: copyOfClaims(claims),
      subject,
      sessionId,
      revocationKey,
      keys: queried,
      expiresAtMs,
    };
    this.tokens.set(nameOf(own), remembered, { size });
  }

  delete(text: string): void {
    this.tokens.delete(nameOf(text));
  }
}

function nameOf(text: string): string {
  return text.slice(-NAME_LENGTH);
}

/** Cut from a header, a text keeps all of that header alive, however long it is. */
export function ownText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

// What V8 takes for each, measured and rounded up; for text, two bytes a character.
const TOKEN_BYTES = 400;
const VALUE_BYTES = 24;
const CONTAINER_BYTES = 72;
const NAME_BYTES = 120;

/** Sizes are added up by recursion, on a stack that is finite. */
const MAX_NESTING = 16;

/** Of a key: its 64 digits, and what holds them. */
const KEY_BYTES = 160;

/** Of a subject two, and the issuer's. Like those of clients they are made later, if ever. */
const OTHER_CUTOFFS = 3;

const bytesOfKeys = ({ claims, keys }: VerifiedToken): number =>
  KEY_BYTES * (keys.absolute.length + OTHER_CUTOFFS + clientsOf(claims).length);

/** The memory that a token takes; infinite for claims that nest too deeply to be measured. */
function bytesOf(text: string, claims: Claims): number {
  let bytes = TOKEN_BYTES + text.length;
  // Names of claims take nothing: they are the issuer's, the same in all its tokens.
  for (const name in claims) bytes += bytesOfValue(claims[name], MAX_NESTING);
  return bytes;
}

function bytesOfValue(value: unknown, nesting: number): number {
  if (typeof value === 'string') return VALUE_BYTES + 2 * value.length;
  if (typeof value !== 'object' || value === null) return VALUE_BYTES;
  if (nesting === 0) return Infinity;
  const bytesOfName = (name: string) => (Array.isArray(value) ? 0 : NAME_BYTES + 2 * name.length);
  return Object.entries(value).reduce(
    (sum, [name, member]) => sum + bytesOfName(name) + bytesOfValue(member, nesting - 1),
    CONTAINER_BYTES,
  );
}
