import type { AuditLog } from '../audit/audit-log';
import { bodyTokenReason, type RefusalReason } from '../audit/reasons';
import type { LazyRequestSource } from '../audit/request-source';
import { mapMaybe } from '../tokens/maybe-promise';
import type { RefusalCause } from '../tokens/verification/refusal-cause';
import { signingInputOf } from '../tokens/verification/token-form';
import type {
  KnownVerification,
  TokenVerifier,
  VerifiedToken,
} from '../tokens/verification/token-verifier';
import { sessionKeyOf, type RevokeOptions } from './additions';
import { rejection, type Authentication, type PresentedFor } from './authentication';
import { readinessOf, type Readiness } from './readiness';
import { explainPlain, explainRevoked } from './reason-explanations';
import { RefusalLog } from './refusal-log';
import type { RevocationStore } from './revocation-store';
import { explainUnverified, type TokenExplanation } from './token-explanation';
import { TokenRevocationCheck } from './token-revocation-check';
import { TokenRevoker } from './token-revoker';
import { finalVerification, verificationOf } from './verification';

/** Accepts tokens by our own rules, and revokes them; of any token it tells whether it is revoked. */
export class RevokedTokensService extends TokenRevocationCheck {
  private readonly revoker: TokenRevoker;

  /** @param refreshVerifier of refresh tokens, where the rules say what they are. */
  constructor(
    verifier: TokenVerifier,
    store: RevocationStore,
    audit: AuditLog,
    refusals = new RefusalLog(),
    refreshVerifier?: TokenVerifier,
  ) {
    super(verifier, store, audit, refusals, refreshVerifier);
    this.revoker = new TokenRevoker(verifier, store, audit, refusals);
  }

  /**
   * Form, header, signature and claims of a text; whether it is revoked is not asked. At once, unless
   * new keys of its issuer are waited for, a second at most.
   * @throws {IssuerUnavailableError} or rejects with it: the keys of its issuer are not known now.
   */
  verify(text: unknown): KnownVerification | Promise<KnownVerification> {
    return verificationOf(this.verifier, text);
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
    return mapMaybe(verificationOf(verifier, text), (verification) => {
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
   * The final verdict on an access or a refresh token: new keys of its issuer are waited for, five
   * seconds at most. Whether it is revoked is not asked.
   * @throws {IssuerUnavailableError} rejects with it: the keys of its issuer are not known now.
   * @throws {KeysInDoubtError} rejects with it: its issuer may have published a key that accepts it.
   */
  finalVerification(text: string): Promise<KnownVerification> {
    return finalVerification(text, this.verifier, this.refreshVerifier);
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

  private async accept(text: string): Promise<VerifiedToken> {
    const verification = await this.verify(text);
    if (verification.verdict === 'live') return verification.token;
    throw rejection(verification);
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
