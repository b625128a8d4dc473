import { identifierKey, revocationKey, type RevocationKey } from './identity';
import { clientsOf, type Claims, type Identifier } from './verification/claims';
import { instantsOf, type CutoffClaim, type Instants } from './verification/instants';

/** What a revocation covers. Each has a line in `SCOPES`, which says how. */
export type RevocationScope =
  'token' | 'session' | 'server-session' | 'subject' | 'subject-tokens' | 'client' | 'issuer';

/** A token of the right form. */
export interface ReadToken {
  readonly claims: Claims;
  readonly subject: string | undefined;
  readonly sessionId: Identifier | undefined;
  /** See `ownKeys`. */
  readonly ownKeys: readonly RevocationKey[];
  /** See `Issuer.cutoffClaim`. */
  readonly cutoffClaim: CutoffClaim;
}

const NONE: readonly RevocationKey[] = [];

/** What a cutoff of scope `issuer` has as its key that covers every token, also one without `iss`. */
export const EVERY_ISSUER: RevocationKey = revocationKey('every-issuer');

/** A revocation refuses tokens of every age. */
interface AbsoluteRule {
  readonly kind: 'absolute';
  /** Under which keys a revocation of this scope covers the token; empty where it cannot. */
  keysOf(token: ReadToken): readonly RevocationKey[];
}

/** A revocation refuses what is not later than an instant; one that is for good, everything. */
interface CutoffRule {
  readonly kind: 'cutoff';
  /** Which instant of a token counts. */
  readonly instant: keyof Instants;
  keysOf(names: CutoffNames): readonly RevocationKey[];
}

/** What a token names that cutoffs are of, as it was when the token was read. */
interface CutoffNames extends Instants {
  readonly iss: string | undefined;
  readonly subject: string | undefined;
  readonly clients: readonly string[];
}

/**
 * Every scope there is. A new one has five places: the type above; a line here; by a new migration,
 * the CHECK constraints of `revoked_tokens` (of absolute scopes: both) and that of `auth_events`;
 * and `scope` in both tables of docs/audit.md.
 */
export const SCOPES: Readonly<Record<RevocationScope, AbsoluteRule | CutoffRule>> = {
  token: {
    kind: 'absolute',
    keysOf: ({ ownKeys }) => ownKeys,
  },
  session: {
    kind: 'absolute',
    keysOf: ({ claims: { iss }, sessionId }) =>
      sessionId === undefined ? NONE : sessionKeys(iss, sessionId),
  },
  // The session of a cookie, which no token names; its key is `sessionIdKey`.
  'server-session': { kind: 'absolute', keysOf: () => NONE },
  subject: {
    kind: 'cutoff',
    instant: 'begunMs',
    keysOf: ({ iss, subject }) =>
      subject === undefined ? NONE : [revocationKey('subject', iss, subject)],
  },
  // The claims of the subject changed: its sessions go on, with new tokens.
  'subject-tokens': {
    kind: 'cutoff',
    instant: 'issuedMs',
    keysOf: ({ iss, subject }) =>
      subject === undefined ? NONE : [revocationKey('subject-tokens', iss, subject)],
  },
  // `azp` is a client too (OpenID Connect Core §2): each that a token names may be revoked.
  client: {
    kind: 'cutoff',
    instant: 'begunMs',
    keysOf: ({ iss, clients }) => clients.map((client) => revocationKey('client', iss, client)),
  },
  issuer: {
    kind: 'cutoff',
    instant: 'begunMs',
    keysOf: ({ iss }) => (iss === undefined ? [EVERY_ISSUER] : [EVERY_ISSUER, issuerKey(iss)]),
  },
};

/**
 * The last is its own. A logout token and the audit have each session as text: what is revoked by the
 * digits of an integer covers tokens that have the integer, and not the other way round.
 */
function sessionKeys(iss: string | undefined, sessionId: Identifier): readonly RevocationKey[] {
  const own = identifierKey('session', iss, sessionId);
  return typeof sessionId === 'string'
    ? [own]
    : [identifierKey('session', iss, String(sessionId)), own];
}

let lastIssuer = { iss: '', key: revocationKey('issuer', '') };

/** Most tokens have the same issuer as the one before. */
function issuerKey(iss: string): RevocationKey {
  if (lastIssuer.iss !== iss) lastIssuer = { iss, key: revocationKey('issuer', iss) };
  return lastIssuer.key;
}

/** What a check is asked: whether any live revocation with one of these keys covers a token. */
export interface RevocationQuery {
  /** Of token and session: revoked where a revocation has the key. */
  readonly absolute: readonly RevocationKey[];
  /** Of the other scopes: revoked where a cutoff has the key that is not before `at`, or for good. */
  readonly cutoffs: readonly CutoffQuery[];
}

interface CutoffQuery {
  readonly key: RevocationKey;
  /** When the token was issued, or its session was begun, in ms since the epoch. */
  readonly at: number;
}

const RULES = Object.values(SCOPES);
const ABSOLUTE = RULES.filter((rule) => rule.kind === 'absolute');
const CUTOFFS = RULES.filter((rule) => rule.kind === 'cutoff');

/** The last that a store must know: PostgreSQL reads no ISO text of more than four digits of year. */
export const LAST_INSTANT = Date.UTC(9999, 11, 31);

/**
 * The keys under which one token may be revoked: all of the right form, and frozen, because tokens
 * are remembered. The constructor trusts its caller; `of` makes them of hashes.
 */
export class TokenQuery implements RevocationQuery {
  /** Written by what answers: the set of revocations that was last found not to cover the token. */
  readonly last: { uncoveredBy: object | undefined } = { uncoveredBy: undefined };
  #cutoffs: readonly CutoffQuery[] | CutoffNames;

  /** @param session that of the token's own session, one of `absolute`. */
  constructor(
    readonly absolute: RevocationQuery['absolute'],
    cutoffs: readonly CutoffQuery[] | CutoffNames,
    readonly session?: RevocationKey,
  ) {
    this.#cutoffs = cutoffs;
    Object.freeze(absolute);
    Object.freeze(this);
  }

  /** Every key of a token. In loops: each token that was not seen before comes through here. */
  static of(token: ReadToken): TokenQuery {
    const absolute: RevocationKey[] = [];
    let session: RevocationKey | undefined;
    for (const rule of ABSOLUTE)
      for (const key of rule.keysOf(token)) {
        absolute.push(key);
        if (rule === SCOPES.session) session = key;
      }
    return new TokenQuery(absolute, namesOf(token), session);
  }

  /** Made when they are first asked for: where nothing is cut off, no token needs them. */
  get cutoffs(): readonly CutoffQuery[] {
    const cutoffs = this.#cutoffs;
    return 'iss' in cutoffs ? (this.#cutoffs = cutoffQueries(cutoffs)) : cutoffs;
  }
}

function cutoffQueries(names: CutoffNames): readonly CutoffQuery[] {
  const queries: CutoffQuery[] = [];
  for (const rule of CUTOFFS)
    for (const key of rule.keysOf(names))
      queries.push(Object.freeze({ key, at: names[rule.instant] }));
  return Object.freeze(queries);
}

/**
 * By value: whatever is written to the claims later, it is the token that was signed. Some issuers
 * write milliseconds to `iat`: such a token is asked about as one of the far future.
 */
function namesOf({ claims, subject, cutoffClaim }: ReadToken): CutoffNames {
  const { begunMs, issuedMs } = instantsOf(claims, cutoffClaim);
  return {
    iss: claims.iss,
    subject,
    clients: clientsOf(claims),
    begunMs: Math.min(begunMs, LAST_INSTANT),
    issuedMs: Math.min(issuedMs, LAST_INSTANT),
  };
}
