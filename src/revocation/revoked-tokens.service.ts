import type { RequestSource } from '../audit/audit-event';
import type { AuditLog } from '../audit/audit-log';
import type { LazyRequestSource } from '../audit/request-source';
import { expiresAt } from '../tokens/verification/claims';
import type { UnverifiedToken } from '../tokens/verification/presented-tokens';
import type { RefusalCause } from '../tokens/verification/refusal-cause';
import type { TokenUse } from '../tokens/verification/resolved-rules';
import type {
  KnownVerification,
  TokenVerifier,
  VerifiedToken,
} from '../tokens/verification/token-verifier';
import { signingInputOf } from '../tokens/verification/token-form';
import { TokenRejectedError } from './errors';
import { verified, verifiedForGood } from './verified';
import { explainPlain, explainRevoked } from './reason-explanations';
import { RefusalLog } from './refusal-log';
import type { ParsedToken } from '../tokens/verified-token';
import { bodyTokenReason, type RefusalReason } from '../audit/reasons';
import { mapMaybe } from '../tokens/maybe-promise';
import { keptUntil, sessionKeyOf, type RevokeOptions } from './additions';
import { readinessOf, type Readiness } from './readiness';
import type { RevocationStore } from './revocation-store';
import { explainUnverified, type TokenExplanation } from './token-explanation';
import { TokenRevoker } from './token-revoker';

/** What a presented text is worth at this instant. */
export type Authentication =
  | { readonly verdict: 'live'; readonly token: VerifiedToken }
  | { readonly verdict: 'expired'; readonly token: VerifiedToken }
  | { readonly verdict: 'revoked'; readonly token: VerifiedToken }
  | { readonly verdict: 'refused'; readonly cause: RefusalCause }
  /** `reason`: why the token that came does not count. */
  | { readonly verdict: 'missing'; readonly reason?: 'cookie_untrusted' };

/** Why what is not live is not accepted. */
export function rejection(
  authentication: Exclude<Authentication, { verdict: 'live' }>,
): TokenRejectedError {
  switch (authentication.verdict) {
    case 'missing':
      return new TokenRejectedError('TOKEN_MISSING', authentication.reason);
    case 'expired':
      return new TokenRejectedError('TOKEN_EXPIRED');
    case 'revoked':
      return new TokenRejectedError('TOKEN_REVOKED');
    case 'refused':
      return new TokenRejectedError('TOKEN_INVALID', authentication.cause);
  }
}

/** What a genuine token is worth at this instant. */
export type Standing = Extract<Authentication['verdict'], 'live' | 'expired' | 'revoked'>;

/** What a token is presented for, and from where. */
export interface PresentedFor extends RequestSource {
  /** @defaultValue 'access' */
  readonly use?: TokenUse;
}

export type { RevokeOptions, TokenExplanation };

/** Revokes tokens, and tells of any token whether it is revoked. */
export class RevokedTokensService {
  private readonly revoker: TokenRevoker;

  constructor(
    private readonly verifier: TokenVerifier,
    private readonly store: RevocationStore,
    private readonly audit: AuditLog,
    private readonly refusals: RefusalLog = new RefusalLog(),
    /** Of refresh tokens, where the rules say what they are. */
    private readonly refreshVerifier?: TokenVerifier,
  ) {
    this.revoker = new TokenRevoker(verifier, store, audit, refusals);
  }

  /**
   * Form, header, signature and claims of a text; whether it is revoked is not asked. At once, unless
   * new keys of its issuer are waited for, a second at most.
   * @throws {IssuerUnavailableError} or rejects with it: the keys of its issuer are not known now.
   */
  verify(text: unknown): KnownVerification | Promise<KnownVerification> {
    return verified(this.verifier, text);
  }

  /** Like `verify`, for the token that the body of a logout names: a refusal is explained in the log. */
  verifyNamed(text: unknown): KnownVerification | Promise<KnownVerification> {
    return this.verifyOrExplain(this.verifier, text, bodyTokenReason);
  }

  /**
   * The one acceptance path: what the text is worth now; at once, unless the store has to be asked.
   * A revoked token leaves an audit row.
   * @param source where the text came from; asked only when there is something to tell of it. With
   * `use: 'refresh'` the text must be a refresh token by the option `refreshTokens`, and no access
   * token is accepted.
   * @param lookUps what the store was asked for the same request, by `header.payload` of the token;
   * it is not asked twice.
   * @throws {StoreUnavailableError} or rejects with it; the token must not be accepted.
   * @throws {IssuerUnavailableError} or rejects with it: nor then.
   * @throws {TypeError} `use: 'refresh'` without the option `refreshTokens`.
   */
  authenticate(
    text: unknown,
    source: LazyRequestSource | PresentedFor = {},
    lookUps?: ReadonlyMap<string, Promise<boolean>>,
  ): Authentication | Promise<Authentication> {
    if ('use' in source) return this.authenticateFor(source, text, lookUps);
    return this.authenticateBy(this.verifier, text, source, lookUps);
  }

  private authenticateFor(
    { use, ...source }: PresentedFor,
    text: unknown,
    lookUps: ReadonlyMap<string, Promise<boolean>> | undefined,
  ): Authentication | Promise<Authentication> {
    return this.authenticateBy(this.verifierFor(use), text, source, lookUps);
  }

  private authenticateBy(
    verifier: TokenVerifier,
    text: unknown,
    source: LazyRequestSource,
    lookUps: ReadonlyMap<string, Promise<boolean>> | undefined,
  ): Authentication | Promise<Authentication> {
    const verification = this.verifyOrExplain(verifier, text, (cause) => cause);
    return mapMaybe(verification, (known) =>
      known.verdict === 'live' ? this.checkLive(known.token, text, source, lookUps) : known,
    );
  }

  /** @param reasonFor what the log calls a refusal for that cause. */
  private verifyOrExplain(
    verifier: TokenVerifier,
    text: unknown,
    reasonFor: (cause: RefusalCause) => RefusalReason,
  ): KnownVerification | Promise<KnownVerification> {
    return mapMaybe(verified(verifier, text), (verification) => {
      if (verification.verdict === 'refused') {
        const { cause } = verification;
        this.refusals.explain(reasonFor(cause), () => verifier.explain(text, cause));
      }
      return verification;
    });
  }

  private checkLive(
    token: VerifiedToken,
    text: unknown,
    source: LazyRequestSource,
    lookUps: ReadonlyMap<string, Promise<boolean>> | undefined,
  ): Authentication | Promise<Authentication> {
    const { jti, iat } = token.claims;
    if (jti === undefined || iat === undefined) this.refusals.noteMissing(token.claims);
    const asked = typeof text === 'string' ? lookUps?.get(signingInputOf(text)) : undefined;
    const isReused = asked ?? this.checkPresented(token, source);
    return mapMaybe(isReused, (isRevoked) => ({
      verdict: isRevoked ? 'revoked' : 'live',
      token,
    }));
  }

  /**
   * What a guard would do with a text now, and why. For people who look for a fault: nothing is
   * audited, and neither the text nor a value of a claim is in the answer, but for the issuer.
   * @throws {StoreUnavailableError} rejects with it.
   */
  explain(text: unknown): Promise<TokenExplanation> {
    return this.explainVerified(text).catch(explainUnverified);
  }

  /** @throws {IssuerUnavailableError} rejects with it: the keys of its issuer are not known now. */
  private async explainVerified(text: unknown): Promise<TokenExplanation> {
    const verification = await this.verify(text);
    if (verification.verdict === 'refused') {
      const { cause } = verification;
      return { verdict: 'refused', reason: cause, ...this.verifier.explain(text, cause) };
    }
    const { verdict, token } = verification;
    if (verdict === 'expired')
      return { verdict, reason: 'token_expired', ...explainPlain('token_expired') };
    if (await this.isRevoked(token))
      return { verdict: 'revoked', reason: 'token_revoked', ...explainRevoked(token) };
    return { verdict };
  }

  /**
   * @throws {StoreUnavailableError} or rejects with it; never "not revoked" for want of an answer.
   */
  isRevoked({ keys }: ParsedToken): boolean | Promise<boolean> {
    return this.store.isRevoked(keys);
  }

  /** Like `isRevoked`, for a token that a request presented: reuse leaves an audit row. */
  checkPresented(token: ParsedToken, source: LazyRequestSource): boolean | Promise<boolean> {
    return mapMaybe(this.isRevoked(token), (isRevoked) => {
      if (isRevoked) this.reused(token, source);
      return isRevoked;
    });
  }

  /** Whether memory knows that the token is not revoked; its signature is not looked at. */
  isKnownLive({ keys }: UnverifiedToken): boolean {
    return this.store.known(keys) === false;
  }

  /**
   * Whether a token that was not verified yet is revoked. At once where memory knows; else the
   * store is asked. It is not asked about a forged token, nor about one that expired so long ago
   * that its revocation may be purged. A token without a signature may be genuine: a host may have
   * it from elsewhere, such as a second cookie. So may one that a key has signed which is not known
   * here yet. Reuse leaves an audit row where the token is known to be genuine: otherwise forged
   * ones would write rows.
   * @throws {StoreUnavailableError} or rejects with it; the token must not be accepted.
   */
  checkUnverified(token: UnverifiedToken, source: LazyRequestSource): boolean | Promise<boolean> {
    const known = this.store.known(token.keys);
    if (known === false || (known === undefined && this.mayBePurged(token))) return false;
    const found = [this.verifier, this.refreshVerifier].map((each) => each?.genuineness(token));
    if (known === true) {
      if (found.includes('genuine')) this.reused(token, source);
      return true;
    }
    if (found.includes('genuine')) return this.checkPresented(token, source);
    const mayBeGenuine = found.includes('unknown') || token.signatures.length === 0;
    return mayBeGenuine && this.isRevoked(token);
  }

  /**
   * What a token is worth that other code has verified, by keys and rules that may not be ours:
   * whether it is revoked counts also where we would refuse it. Reuse leaves an audit row.
   * @returns `expired`: so long ago that its revocation may be purged. A verifier that ignores `exp`
   * must not accept it either.
   * @throws {StoreUnavailableError} or rejects with it; the token must not be accepted.
   */
  checkVerified(text: string, source: LazyRequestSource = {}): Standing | Promise<Standing> {
    const tokens = this.tokensOf(text);
    if (tokens === undefined) return 'revoked';
    if (tokens.some((token) => this.mayBePurged(token))) return 'expired';
    const verdicts = tokens.map((token) => this.checkPresented(token, source));
    return verdicts.every((verdict) => typeof verdict === 'boolean')
      ? standingBy(verdicts)
      : Promise.all(verdicts.map(async (verdict) => verdict)).then(standingBy);
  }

  /**
   * Like `checkVerified`, from memory alone. Reuse leaves an audit row.
   * @returns `undefined`: the store would have to be asked.
   */
  knownVerified(text: string): Standing | undefined {
    const tokens = this.tokensOf(text);
    if (tokens === undefined) return 'revoked';
    if (tokens.some((token) => this.mayBePurged(token))) return 'expired';
    const known = tokens.map(({ keys }) => this.store.known(keys));
    if (known.includes(true)) {
      for (const [at, token] of tokens.entries()) if (known[at] === true) this.reused(token, {});
      return 'revoked';
    }
    return known.includes(undefined) ? undefined : 'live';
  }

  /**
   * The tokens in a text, such as a header, as any verifier may find them.
   * @returns `undefined`: the text is longer than 17 KiB or holds more than 8 tokens.
   */
  presentedIn(text: string): readonly UnverifiedToken[] | undefined {
    return this.verifier.presentedIn(text);
  }

  /**
   * Revokes the token, with its audit row: once this resolves the store refuses it for good. With
   * `logoutCovers: 'session'` it ends every token of its session, unless `covers` says otherwise;
   * a token of a session of ours always ends that. Idempotent.
   *
   * @param token a verified token, or a text that is verified first.
   * @returns `true` when this call revoked it, `false` when it was revoked already.
   * @throws {TokenRejectedError} the text is no token that we accept; nothing was changed.
   * @throws {StoreUnavailableError} whether it took effect is unknown; repeating it is safe.
   */
  async revoke(token: VerifiedToken | string, options: RevokeOptions = {}): Promise<boolean> {
    return this.revokeTogether(
      [typeof token === 'string' ? await this.accept(token) : token],
      options,
    );
  }

  /**
   * As `revoke`, for several tokens in one commit: all of them are refused then, or none.
   * @param tokens the first is the one that the answer is about.
   */
  revokeTogether(
    tokens: readonly [VerifiedToken, ...VerifiedToken[]],
    options: RevokeOptions = {},
  ): Promise<boolean> {
    return this.revoker.revoke(tokens, options);
  }

  /**
   * The refresh token that a user hands in beside an access token, to be revoked with it.
   * @returns the refusal's cause where it is none that we accept.
   * @throws {TypeError} the option `refreshTokens` is not set.
   */
  verifyRefresh(text: unknown): KnownVerification | Promise<KnownVerification> {
    return this.verifyOrExplain(this.verifierFor('refresh'), text, () => 'refresh_token_refused');
  }

  /**
   * The verdict on an access or a refresh token that is not sent twice: new keys of its issuer are
   * waited for, five seconds at most. Whether it is revoked is not asked.
   * @throws {IssuerUnavailableError} rejects with it: the keys of its issuer are not known now.
   * @throws {KeysInDoubtError} rejects with it: its issuer may have published a key that accepts it.
   */
  verifyForGood(text: string): Promise<KnownVerification> {
    return verifiedForGood(text, this.verifier, this.refreshVerifier);
  }

  /**
   * Whether this instance can tell good tokens from others, and by what. Costs a look-up in the store
   * where memory does not answer. Never rejects.
   */
  readiness(): Promise<Readiness> {
    return readinessOf(this.store, this.verifier.issuersWithoutKeys);
  }

  /** Whether the rules say of any issuer what its refresh tokens are. */
  get knowsRefreshTokens(): boolean {
    return this.refreshVerifier !== undefined;
  }

  /** Whether the rules say what the refresh tokens of this one's issuer are. */
  hasRefreshTokens({ claims }: VerifiedToken): boolean {
    return this.verifier.hasRefreshTokens(claims.iss);
  }

  /** Whether a logout of one of the tokens ends the other, too: they are of one session. */
  endTogether(one: VerifiedToken, other: VerifiedToken): boolean {
    const session = sessionKeyOf(one);
    const isCovered = this.verifier.sessionEndsMs(one) !== undefined && session !== undefined;
    return isCovered && session === sessionKeyOf(other);
  }

  /** Claims that have not the form that revocations need were never revoked: no token is found. */
  private tokensOf(text: string): readonly ParsedToken[] | undefined {
    const verification = this.verifier.verify(text);
    return 'token' in verification ? [verification.token] : this.presentedIn(text);
  }

  private reused(token: ParsedToken, source: LazyRequestSource): void {
    this.audit.reused(token, source);
    this.refusals.explain('token_revoked', () => explainRevoked(token));
  }

  private async accept(text: string): Promise<VerifiedToken> {
    const verification = await this.verify(text);
    if (verification.verdict === 'live') return verification.token;
    throw rejection(verification);
  }

  private mayBePurged({ claims }: ParsedToken): boolean {
    const { clockToleranceSeconds } = this.verifier;
    const keptUntilDate = keptUntil(expiresAt(claims).getTime(), clockToleranceSeconds);
    return keptUntilDate.getTime() < this.store.clock.now();
  }

  private verifierFor(use: unknown = 'access'): TokenVerifier {
    if (use === 'access') return this.verifier;
    if (use !== 'refresh')
      throw new TypeError('nestjs-logout: "use" must be "access" or "refresh".');
    if (this.refreshVerifier !== undefined) return this.refreshVerifier;
    throw new TypeError(
      'nestjs-logout: "use" must be "access" where the rules name no refresh tokens. Set the option ' +
        'refreshTokens.',
    );
  }
}

function standingBy(areRevoked: readonly boolean[]): Standing {
  return areRevoked.includes(true) ? 'revoked' : 'live';
}
