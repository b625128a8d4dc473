import { identifierKey, revocationKey, type RevocationKey } from './identity';
import { issuedAtMs, textOf, type Claims } from './verification/claims';

/** What a revocation covers. Each has a line in `SCOPES`, which says how. */
export type RevocationScope =
  'token' | 'session' | 'server-session' | 'subject' | 'client' | 'issuer';

/** A token of the right form. */
export interface ReadToken {
  readonly claims: Claims;
  readonly subject: string | undefined;
  /** See `ownKeys`. */
  readonly ownKeys: readonly RevocationKey[];
}

const NONE: readonly RevocationKey[] = [];

interface ScopeRule {
  /**
   * `absolute`: a revocation refuses tokens of every age. `cutoff`: it refuses what was issued at or
   * before an instant.
   */
  readonly kind: 'absolute' | 'cutoff';
  /** Under which keys a revocation of this scope covers the token; empty where it cannot. */
  keysOf(token: ReadToken): readonly RevocationKey[];
}

/**
 * Every scope there is. A new one has five places: the type above; a line here; by a new migration,
 * the CHECK constraints of `revoked_tokens` (of absolute scopes: both) and that of `auth_events`;
 * and `scope` in both tables of docs/audit.md.
 */
export const SCOPES: Readonly<Record<RevocationScope, ScopeRule>> = {
  token: {
    kind: 'absolute',
    keysOf: ({ ownKeys }) => ownKeys,
  },
  session: {
    kind: 'absolute',
    keysOf: ({ claims: { iss, sid } }) =>
      sid === undefined ? NONE : [identifierKey('session', iss, sid)],
  },
  // The session of a cookie, which no token names; its key is `sessionIdKey`.
  'server-session': { kind: 'absolute', keysOf: () => NONE },
  subject: {
    kind: 'cutoff',
    keysOf: ({ claims: { iss }, subject }) =>
      subject === undefined ? NONE : [revocationKey('subject', iss, subject)],
  },
  // `azp` is a client too (OpenID Connect Core §2): a revocation of either covers the token.
  client: {
    kind: 'cutoff',
    keysOf: ({ claims: { iss, client_id, azp } }) =>
      client_id === undefined && azp === undefined
        ? NONE
        : [...new Set([textOf(client_id), textOf(azp)])].flatMap((id) =>
            id === undefined ? [] : [revocationKey('client', iss, id)],
          ),
  },
  issuer: {
    kind: 'cutoff',
    keysOf: ({ claims: { iss } }) => (iss === undefined ? NONE : [issuerKey(iss)]),
  },
};

let lastIssuer = { iss: '', key: revocationKey('issuer', '') };

/** Most tokens have the same issuer as the one before. */
function issuerKey(iss: string): RevocationKey {
  if (lastIssuer.iss !== iss) lastIssuer = { iss, key: revocationKey('issuer', iss) };
  return lastIssuer.key;
}

/** What a check is asked: whether any live revocation with one of these keys covers a token. */
export interface RevocationQuery {
  /** Revoked where an absolute revocation has the key. */
  readonly absolute: readonly RevocationKey[];
  /** Revoked where an absolute one has it too, or a cutoff that is not before `at`. */
  readonly cutoffs: readonly {
    readonly key: RevocationKey;
    /** When the token was issued, in ms since the epoch. */
    readonly at: number;
  }[];
}

const RULES = Object.values(SCOPES);
const ABSOLUTE = RULES.filter(({ kind }) => kind === 'absolute');
const CUTOFFS = RULES.filter(({ kind }) => kind === 'cutoff');

/** The last that a store must know: PostgreSQL reads no ISO text of more than four digits of year. */
export const LAST_INSTANT = Date.UTC(9999, 11, 31);

/**
 * The keys under which one token may be revoked: all of the right form, and frozen, because tokens
 * are remembered. The constructor trusts its caller; `of` makes them of hashes.
 */
export class TokenQuery implements RevocationQuery {
  /** Written by what answers: the set of revocations that was last found not to cover the token. */
  readonly last: { uncoveredBy: object | undefined } = { uncoveredBy: undefined };

  constructor(
    readonly absolute: RevocationQuery['absolute'],
    readonly cutoffs: RevocationQuery['cutoffs'],
    /** That of the token's session, one of `absolute`. */
    readonly session?: RevocationKey,
  ) {
    Object.freeze(absolute);
    Object.freeze(cutoffs);
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
    const at = askedAtMs(token.claims);
    const cutoffs: RevocationQuery['cutoffs'][number][] = [];
    for (const rule of CUTOFFS)
      for (const key of rule.keysOf(token)) cutoffs.push(Object.freeze({ key, at }));
    return new TokenQuery(absolute, cutoffs, session);
  }
}

/** Some issuers write milliseconds to `iat`: such a token is asked about as one of the far future. */
function askedAtMs(claims: Claims): number {
  const at = issuedAtMs(claims);
  return at <= LAST_INSTANT ? at : LAST_INSTANT;
}
