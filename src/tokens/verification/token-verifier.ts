import { expiresAt, checkClaims, isOfOtherPurpose, type Claims } from './claims';
import type { VerifiedToken } from '../verified-token';
import { PublishedKeys } from '../jwks/published-keys';
import type { IssuerKeys } from '../keys/issuer-keys';
import { LogoutTokenVerifier } from '../logout-token/logout-token-verifier';
import { lenientSignatures } from './lenient-signatures';
import type { Explanation } from '../explanation/explanation';
import { RefusalExplainer } from '../explanation/refusal-explainer';
import { PayloadReader } from './payload-reader';
import { PresentedTokenCache } from './presented-token-cache';
import type { UnverifiedToken } from './presented-tokens';
import { VerifiedTokenCache } from './verified-token-cache';
import { SeenOnceFilter } from './seen-once-filter';
import { dependsOnKeys, type UnknownKeys } from './final-verdict';
import { faultOfSignature } from './signature-fault';
import { splitToken } from './token-form';
import { normalizeType, parseHeader, type TokenHeader } from './token-header';
import { faultyInstant } from './instants';
import type { Issuer } from './issuers';
import type { RefusalCause } from './refusal-cause';
import { isMarkedAsRefresh } from './refresh-token-rules';
import type { OwnTokens } from './own-tokens';
import { type ResolvedTokenRules, resolveTokenRules, type TokenUse } from './resolved-rules';
import type { MultiIssuerRules, TokenRules } from './token-rules';

export type { VerifiedToken };

/**
 * `live`: the token keeps all rules; whether it is revoked is not looked at here. `expired`: it is
 * genuine, and keeps all other rules. `unknown`: the keys of its issuer cannot be had now.
 */
export type Verification =
  | { readonly verdict: 'live'; readonly token: VerifiedToken }
  | { readonly verdict: 'expired'; readonly token: VerifiedToken }
  | { readonly verdict: 'refused'; readonly cause: RefusalCause }
  | UnknownKeys;

/** Of a token whose issuer's keys are known. */
export type KnownVerification = Exclude<Verification, UnknownKeys>;

/** With which keys the verdict on a token may change. */
export interface KeysBehind {
  readonly keys: IssuerKeys;
  /** The name that the token gives. */
  readonly issuer: string;
  /** Whether it has expired by what it says itself: then it is accepted with no key. */
  readonly hasExpired: boolean;
}

/** Issuers whose keys are waited for, and those whose keys are not known now. */
export interface IssuersWithoutKeys {
  readonly awaited: readonly string[];
  readonly unknown: readonly string[];
}

/** The rules that refresh tokens may have of their own. */
const OF_REFRESH_TOKENS = ['algorithms', 'keys', 'audience', 'types', 'maxLifetimeSeconds'];

/**
 * Decides whether a token may be trusted. This is the only acceptance path. The verdict depends
 * neither on the caller nor on where the token came from.
 */
export class TokenVerifier {
  /** What decides about logout tokens of the same issuers. */
  readonly logoutTokens: LogoutTokenVerifier;
  private readonly rules: ResolvedTokenRules;
  private readonly remembered: VerifiedTokenCache;
  private readonly seenOnce = new SeenOnceFilter();
  private readonly payloads: PayloadReader;
  private readonly presented: PresentedTokenCache;
  private readonly explainer: RefusalExplainer;
  /** Those that issue tokens which name no session. */
  private readonly withoutSession = new Set<Issuer>();

  /**
   * @param clock milliseconds since the epoch.
   * @param use what the tokens are for; the rules say of an issuer what its refresh tokens are.
   * @param own the access tokens of our own sessions, where we keep any.
   * @param published the keys that issuers publish; opened and closed by the caller.
   * @throws {TypeError} a rule is not what it must be; the message names it.
   */
  constructor(
    rules: TokenRules | MultiIssuerRules,
    private readonly clock: () => number = () => Date.now(),
    private readonly use: TokenUse = 'access',
    own?: OwnTokens,
    private readonly published = new PublishedKeys(),
  ) {
    this.rules = resolveTokenRules(rules, use, own, published);
    const { issuers } = this.rules;
    this.remembered = new VerifiedTokenCache((issuer) => issuers.of(issuer).keys.current);
    this.payloads = new PayloadReader(issuers);
    this.presented = new PresentedTokenCache(this.payloads);
    this.explainer = new RefusalExplainer(this.rules);
    this.logoutTokens = new LogoutTokenVerifier(this.rules, clock);
  }

  get clockToleranceSeconds(): number {
    return this.rules.clockToleranceSeconds;
  }

  get maxTokenBytes(): number {
    return this.rules.maxTokenBytes;
  }

  /**
   * Keys that were never there are waited for as long as no token can be checked, and for a minute
   * otherwise: an issuer that is away must not keep the users of others out.
   */
  get issuersWithoutKeys(): IssuersWithoutKeys {
    const { awaited, hasWaited, unknown } = this.published;
    const goesOn =
      hasWaited && this.rules.issuers.all.some(({ keys }) => keys.current !== undefined);
    return { awaited: goesOn ? [] : awaited, unknown };
  }

  /** What the boot has to say of the rules, a sentence each. */
  get notices(): readonly string[] {
    return this.rules.notices;
  }

  /** What the boot has to warn of, a sentence each. */
  get warnings(): readonly string[] {
    return this.rules.warnings;
  }

  /**
   * The verdict on what was presented as a token, at this instant. Never throws, whatever `text`
   * is. The claims are the caller's own: what is written to them changes no later verdict.
   */
  verify(text: unknown): Verification {
    if (typeof text !== 'string') return refused('form');
    const remembered = this.remembered.get(text);
    const token = remembered ?? this.examine(text);
    if (typeof token === 'string') return refused(token);
    if ('verdict' in token) return token;
    const { claims } = token;
    const issuer = this.rules.issuers.of(claims.iss);
    const error = checkClaims(claims, issuer, this.clock() / 1000);
    if (error === undefined) {
      if (remembered === undefined) this.note(text, token, issuer);
      return { verdict: 'live', token };
    }
    this.remembered.delete(text);
    return error === 'expired' ? { verdict: error, token } : refused(error);
  }

  private note(text: string, token: VerifiedToken, issuer: Issuer): void {
    if (token.sessionId === undefined) this.withoutSession.add(issuer);
    // What never comes again would push out what does, and costs the garbage collector more
    // than an HMAC costs us: a text has to come twice to be worth it.
    if (this.seenOnce.noteSeen(text)) this.remembered.set(text, token);
  }

  /**
   * Why a text is refused that `verify` refuses so, and what would change that. Slower than
   * `verify`. Never throws; says nothing of the text.
   */
  explain(text: unknown, cause: RefusalCause): Explanation {
    const explanation = this.explainer.explain(text, cause, this.clock() / 1000);
    const { option, remedy } = explanation;
    if (this.use === 'access' || option === undefined || !OF_REFRESH_TOKENS.includes(option))
      return explanation;
    const own = `refreshTokens.${option}`;
    return { ...explanation, option: own, remedy: `${remedy} For refresh tokens this is ${own}.` };
  }

  /**
   * The tokens in a text, such as a header, as any verifier may find them. Nothing is verified.
   * @returns `undefined`: the text is longer than 17 KiB or holds more than 8 tokens.
   */
  presentedIn(text: string): readonly UnverifiedToken[] | undefined {
    return this.presented.get(text);
  }

  /**
   * Whether a key of its issuer has signed the token, however its signature is spelled: as lenient as
   * the most lenient verifier. Other claims are not looked at. `unknown`: another verifier may know
   * keys of its issuer that are not known here yet.
   */
  genuineness(token: UnverifiedToken): 'genuine' | 'unknown' | 'forged' {
    const { header, claims, signingInput, signatures } = token;
    const { alg, kid } = header;
    if (typeof alg !== 'string') return 'forged';
    const { current, areFixed } = this.rules.issuers.of(claims.iss).keys;
    const candidates = current?.candidates(alg, typeof kid === 'string' ? kid : undefined) ?? [];
    const isGenuine = candidates.some((key) =>
      signatures
        .flatMap((signature) => lenientSignatures(signature, key.signatureBytes))
        .some((bytes) => key.isGood(signingInput, bytes)),
    );
    if (isGenuine) return 'genuine';
    return areFixed ? 'forged' : 'unknown';
  }

  /** What does not change with time: whether a text is a genuine token, of the right form. */
  private examine(text: string): VerifiedToken | RefusalCause | UnknownKeys {
    const parts = splitToken(text, this.rules.maxTokenBytes);
    if (parts === undefined) return 'form';
    const header = parseHeader(parts.header);
    if (header === undefined) return 'header';
    const token = this.payloads.read(parts.payload, parts.signingInput);
    // Until its signature is known to be good, the payload says nothing but whose keys to ask.
    const issuer = this.rules.issuers.find(token?.claims.iss);
    if (issuer === undefined) return token === undefined ? 'claims' : 'issuer';
    const { current } = issuer.keys;
    if (current === undefined) return { verdict: 'unknown', issuer: token?.claims.iss ?? '' };
    const fault = faultOfSignature(parts, header, current, issuer.types);
    if (fault !== undefined) return fault;
    if (token === undefined) return 'claims';
    const { claims, subject, sessionId, isMisnamed, revocationKey, keys } = token;
    if (isMisnamed || lacksInstant(claims, issuer)) return 'claims';
    if (isOfOtherPurpose(claims, mayBeIdToken(issuer, header))) return 'purpose';
    if (!this.isOfUse(claims, issuer)) return 'purpose';
    const expiresAtMs = expiresAt(claims).getTime();
    return { claims, subject, sessionId, revocationKey, keys, expiresAtMs };
  }

  /** Access tokens have no mark of refresh tokens; those have the claim that is asked for. */
  private isOfUse(claims: Claims, { refreshTokens }: Issuer): boolean {
    if (refreshTokens === undefined) return true;
    const { claim } = refreshTokens;
    if (this.use === 'access') return !isMarkedAsRefresh(claims, refreshTokens);
    return claim === undefined || claims[claim.name] === claim.value;
  }

  /**
   * Until when other tokens of the token's session may live, in ms since the epoch; `undefined`: the
   * token alone is covered.
   * @param covers what is to be covered; by default what `logoutCovers` says.
   */
  sessionEndsMs(
    { claims, expiresAtMs }: VerifiedToken,
    covers?: 'token' | 'session',
  ): number | undefined {
    const { logoutCovers, sessionSeconds, longestLifetimeSeconds } = this.rules.issuers.of(
      claims.iss,
    );
    if ((covers ?? logoutCovers) === 'token') return undefined;
    // A refresh token may have been issued a moment ago, and live longer than that.
    const longestMs = this.clock() + longestLifetimeSeconds * 1000;
    return Math.max(expiresAtMs + sessionSeconds * 1000, longestMs);
  }

  /**
   * What to wait for before a text is verified again that no known key of its issuer has signed, or
   * whose issuer's keys are not known: it may have published others. A second at most. Never rejects.
   * @returns `undefined`: the verdict would be the same.
   */
  refetchFor(text: unknown, verification: Verification): Promise<void> | undefined {
    return this.keysBehind(text, verification)?.keys.refetch();
  }

  /** The keys with which the verdict on a text may change; `undefined`: it would be the same. */
  keysBehind(text: unknown, verification: Verification): KeysBehind | undefined {
    if (typeof text !== 'string' || !dependsOnKeys(verification)) return undefined;
    const parts = splitToken(text, this.rules.maxTokenBytes);
    const token = parts && this.payloads.peek(parts.payload, parts.signingInput);
    const issuer = this.rules.issuers.find(token?.claims.iss);
    if (token === undefined || issuer === undefined) return undefined;
    const { iss = '', exp } = token.claims;
    const hasExpired = exp + issuer.clockToleranceSeconds <= this.clock() / 1000;
    return { keys: issuer.keys, issuer: iss, hasExpired };
  }

  /** Whether a token of the issuer was accepted that names no session. */
  acceptsWithoutSession(issuer: string): boolean {
    return this.withoutSession.has(this.rules.issuers.of(issuer));
  }

  /** Whether the rules say what the refresh tokens of an issuer are. */
  hasRefreshTokens(issuer: string | undefined): boolean {
    return this.rules.issuers.of(issuer).refreshTokens !== undefined;
  }

  /** Whether it is an access token of one of our own sessions. */
  isOwn({ claims }: VerifiedToken): boolean {
    return this.isOwnIssuer(claims.iss);
  }

  /** Whether it is the issuer of our own sessions. */
  isOwnIssuer(issuer: string | undefined): boolean {
    return isOfOwnSessions(this.rules.issuers.of(issuer));
  }

  /** Every name of every issuer; none where any name is accepted. */
  get issuerNames(): readonly string[] {
    return this.rules.issuers.names;
  }

  /** The longest that a token may still be accepted that a cutoff of the issuer covers. */
  longestCutoffSeconds(issuer: string | undefined): number {
    const { cutoffClaim, longestLifetimeSeconds } = this.rules.issuers.of(issuer);
    // What is refreshed later began before it, too.
    return cutoffClaim === 'auth_time'
      ? this.longestSessionSeconds(issuer)
      : longestLifetimeSeconds;
  }

  /** The longest that an access token of the issuer lives. */
  maxLifetimeSeconds(issuer: string | undefined): number {
    return this.rules.issuers.of(issuer).maxLifetimeSeconds;
  }

  /** The longest that a token of a session of the issuer may still be accepted from now on. */
  longestSessionSeconds(issuer: string | undefined): number {
    const { longestLifetimeSeconds, sessionSeconds } = this.rules.issuers.of(issuer);
    return longestLifetimeSeconds + sessionSeconds;
  }
}

function mayBeIdToken({ idTokens }: Issuer, { typ = '' }: TokenHeader): boolean {
  return idTokens === 'accept' || normalizeType(typ) === 'at+jwt';
}

function lacksInstant(claims: Claims, issuer: Issuer): boolean {
  return isOfOwnSessions(issuer) && faultyInstant(claims) !== undefined;
}

function isOfOwnSessions({ cutoffClaim }: Issuer): boolean {
  return cutoffClaim === 'opened_ms';
}

function refused(cause: RefusalCause): Verification {
  return { verdict: 'refused', cause };
}
