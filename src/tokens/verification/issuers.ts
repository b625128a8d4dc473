import type { TokenIdentity } from '../identity';
import type { IssuerKeys } from '../keys/issuer-keys';
import type { ResolvedBackchannel } from '../logout-token/backchannel-rules';
import type { ClaimRules } from './claims';
import type { CutoffClaim } from './instants';
import type { ResolvedRefreshTokens } from './refresh-token-rules';
import type { SubjectReader } from './subject';

/** The rules for the tokens of one issuer, checked, with every default in place. */
export interface Issuer extends ClaimRules {
  /** What has signed its tokens, and those of no other issuer (RFC 8725 §3.8). */
  readonly keys: IssuerKeys;
  /** Normalized; `undefined` among them: a token need not have a `typ`. */
  readonly types: ReadonlySet<string | undefined>;
  readonly tokenIdentity: TokenIdentity;
  readonly idTokens: 'refuse' | 'accept';
  readonly readSubject: SubjectReader;
  /** The claim that names the session of a token. */
  readonly sessionClaim: string;
  readonly logoutCovers: 'token' | 'session';
  /**
   * What revocations of subjects, clients and the issuer compare with. `opened_ms`: its tokens are
   * those of our own sessions, which no option can say.
   */
  readonly cutoffClaim: CutoffClaim;
  /** How long after the `exp` of one of its tokens a session may have others. */
  readonly sessionSeconds: number;
  /**
   * The longest that a token of the issuer lives, be it an access or a refresh token; of our own
   * sessions, the longest that a session lives: a token that is issued in its last minutes began
   * with it.
   */
  readonly longestLifetimeSeconds: number;
  /** What refresh tokens are marked by, where the issuer has any. */
  readonly refreshTokens: ResolvedRefreshTokens | undefined;
  /** Where the issuer sends logout tokens: then it has a name. */
  readonly backchannel: ResolvedBackchannel | undefined;
}

/** The issuers, found by the `iss` of a token. */
export class Issuers {
  private readonly byName = new Map<string, Issuer>();
  private readonly first: Issuer;

  /** @param all no two of one name; only one alone may have no name. */
  constructor(readonly all: readonly [Issuer, ...Issuer[]]) {
    this.first = all[0];
    for (const issuer of all) for (const name of issuer.names ?? []) this.byName.set(name, issuer);
  }

  /** Every name of every issuer; none where any name is accepted. */
  get names(): readonly string[] {
    return [...this.byName.keys()];
  }

  /** The issuer of that name; the first one where none has it: its claim rules refuse the token. */
  of(iss: string | undefined): Issuer {
    return this.find(iss) ?? this.first;
  }

  /** The issuer whose keys must have signed a token that names this one; `undefined`: none. */
  find(iss: string | undefined): Issuer | undefined {
    if (this.first.names === null) return this.first; // one alone, and any name is accepted
    return iss === undefined ? undefined : this.byName.get(iss);
  }
}
