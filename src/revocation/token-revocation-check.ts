import type { AuditLog } from '../audit/audit-log';
import type { LazyRequestSource } from '../audit/request-source';
import { mapMaybe } from '../tokens/maybe-promise';
import { expiresAt } from '../tokens/verification/claims';
import type { UnverifiedToken } from '../tokens/verification/presented-tokens';
import type { TokenVerifier } from '../tokens/verification/token-verifier';
import type { ParsedToken } from '../tokens/verified-token';
import { keptUntil } from './additions';
import type { Authentication } from './authentication';
import { explainRevoked } from './reason-explanations';
import type { RefusalLog } from './refusal-log';
import type { RevocationStore } from './revocation-store';

/** What a genuine token is worth at this instant. */
export type Standing = Extract<Authentication['verdict'], 'live' | 'expired' | 'revoked'>;

/**
 * Tells of tokens whether they are revoked, whichever code verifies them: ours, a guard of the host's
 * later, or a library of the host's before.
 */
export class TokenRevocationCheck {
  constructor(
    protected readonly verifier: TokenVerifier,
    protected readonly store: RevocationStore,
    private readonly audit: AuditLog,
    protected readonly refusals: RefusalLog,
    /** Of refresh tokens, where the rules say what they are. */
    protected readonly refreshVerifier: TokenVerifier | undefined,
  ) {}

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
    if (typeof tokens === 'string') return tokens;
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
    if (typeof tokens === 'string') return tokens;
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
   * Claims that have not the form that revocations need were never revoked: no token is found.
   * @returns the standing where that is clear without a look-up.
   */
  private tokensOf(text: string): readonly ParsedToken[] | Exclude<Standing, 'live'> {
    const verification = this.verifier.verify(text);
    const tokens = 'token' in verification ? [verification.token] : this.presentedIn(text);
    if (tokens === undefined) return 'revoked';
    return tokens.some((token) => this.mayBePurged(token)) ? 'expired' : tokens;
  }

  private reused(token: ParsedToken, source: LazyRequestSource): void {
    this.audit.reused(token, source);
    this.refusals.explain('token_revoked', () => explainRevoked(token));
  }

  private mayBePurged({ claims }: ParsedToken): boolean {
    const { clockToleranceSeconds } = this.verifier;
    const keptUntilDate = keptUntil(expiresAt(claims).getTime(), clockToleranceSeconds);
    return keptUntilDate.getTime() < this.store.clock.now();
  }
}

function standingBy(areRevoked: readonly boolean[]): Standing {
  return areRevoked.includes(true) ? 'revoked' : 'live';
}
