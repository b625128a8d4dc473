import type { MeterProvider } from '@opentelemetry/api';
import { AuditLog, type AuditPrinter } from '../audit/audit-log';
import { Introspection } from '../introspection/introspection';
import { SignedIntrospection } from '../introspection/signed-introspection';
import { LiveConnections } from '../live/live-connections';
import { BackchannelLogout } from '../logout/backchannel-logout';
import { Logout, type LogoutRules } from '../logout/logout';
import { LogoutMetrics } from '../metrics/logout-metrics';
import { RefusalCounts } from '../metrics/refusal-counts';
import { RemovalCount } from '../metrics/removal-count';
import { StoreUnavailableError } from '../revocation/errors';
import { BulkRevocation } from '../revocation/bulk-revocation';
import { failureReport } from '../revocation/failure-report';
import { RefusalLog, type RefusalPrinter } from '../revocation/refusal-log';
import type { RevocationStore } from '../revocation/revocation-store';
import { RevokedTokensService } from '../revocation/revoked-tokens.service';
import { OwnSessions } from '../sessions/own-sessions';
import { SessionRenewal } from '../sessions/session-renewal';
import { SessionSettings } from '../sessions/session-settings';
import type { ResolvedSessionOptions } from '../sessions/session-options';
import { SessionsService } from '../sessions/sessions.service';
import { TokenRevocation } from '../sessions/token-revocation';
import type { KeyListeners } from '../tokens/jwks/key-report';
import { PublishedKeys } from '../tokens/jwks/published-keys';
import { isSymmetric } from '../tokens/keys/algorithms';
import { hasRefreshTokens } from '../tokens/verification/resolved-rules';
import { TokenVerifier } from '../tokens/verification/token-verifier';
import type { MultiIssuerRules, TokenRules } from '../tokens/verification/token-rules';

/** What every face composes the core from; each option is described where the face has it. */
export interface CoreOptions {
  readonly tokenRules: TokenRules | MultiIssuerRules;
  readonly store: RevocationStore;
  readonly logoutRules: LogoutRules;
  readonly sessions?: ResolvedSessionOptions | undefined;
  readonly liveGraceMs: number;
  readonly printAudit: AuditPrinter;
  readonly printRefusal: RefusalPrinter;
  /** Told what is no failure, a sentence each. */
  readonly printNotice: (line: string) => void;
  /** Told of what fails: in the background, and why requests could not be answered. */
  readonly onError: (error: unknown) => void;
  readonly meterProvider?: MeterProvider | undefined;
}

/**
 * The core of every face, wired in one place: what stands on what, and the order in which it is
 * opened and closed. Knows no framework and no HTTP.
 */
export class LogoutCore {
  readonly store: RevocationStore;
  readonly audit: AuditLog;
  readonly verifier: TokenVerifier;
  private readonly published = new PublishedKeys();
  readonly tokens: RevokedTokensService;
  /** What the boot has to say of the rules for tokens, a sentence each. */
  readonly notices: readonly string[];
  /** What the boot has to warn of, a sentence each. */
  readonly warnings: readonly string[];
  readonly bulk: BulkRevocation;
  /** Refuses every call where the option `sessions` is not set. */
  readonly sessions: SessionsService;
  readonly ownSessions: OwnSessions;
  readonly renewal: SessionRenewal;
  readonly revocation: TokenRevocation;
  readonly introspection: Introspection;
  /** Absent: no private key is known, by which callers could check what is signed. */
  readonly signedIntrospection: SignedIntrospection | undefined;
  readonly logout: Logout;
  /** Refuses every logout token where no issuer has the option `backchannel`. */
  readonly backchannel: BackchannelLogout;
  readonly live: LiveConnections;
  readonly refusals: RefusalCounts;
  readonly removals = new RemovalCount();
  private readonly metrics: LogoutMetrics;
  private readonly keyListeners: KeyListeners;
  private isReady = false;
  private opening: Promise<void> | undefined;
  /** When all issuers have answered or failed, or 5 s have passed. */
  private fetched: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

  /** @throws {TypeError} a token rule is not what it must be; nothing was opened. */
  constructor(options: CoreOptions) {
    const { tokenRules, store, logoutRules, meterProvider } = options;
    this.store = store;
    const clock = (): number => store.clock.now();
    const settings = options.sessions && new SessionSettings(options.sessions);
    const { published } = this;
    this.verifier = new TokenVerifier(tokenRules, clock, 'access', settings?.ownTokens, published);
    this.audit = new AuditLog(store.audit, options.printAudit, options.onError);
    const refusalLog = new RefusalLog(options.printRefusal);
    this.refusals = new RefusalCounts(refusalLog, failureReport(options.onError));
    const refreshVerifier = hasRefreshTokens(tokenRules)
      ? new TokenVerifier(tokenRules, clock, 'refresh', undefined, published)
      : undefined;
    const notices = [...this.verifier.notices, ...(refreshVerifier?.notices ?? [])];
    this.notices = [...new Set(notices)];
    const warnings = [...this.verifier.warnings, ...(refreshVerifier?.warnings ?? [])];
    this.warnings = [...new Set(warnings)];
    this.tokens = new RevokedTokensService(
      this.verifier,
      store,
      this.audit,
      refusalLog,
      refreshVerifier,
    );
    this.bulk = new BulkRevocation(this.verifier, store, this.audit);
    this.sessions = new SessionsService(settings, store, this.verifier, this.bulk, this.audit);
    this.ownSessions = new OwnSessions(this.sessions, this.audit);
    this.renewal = new SessionRenewal(this.sessions, this.audit);
    this.revocation = new TokenRevocation(this.sessions, this.tokens, this.audit);
    this.introspection = new Introspection(this.tokens, this.sessions, refusalLog);
    this.signedIntrospection = settings && signedBy(settings, clock);
    this.logout = new Logout(this.tokens, this.audit, logoutRules);
    this.backchannel = new BackchannelLogout(this.verifier, store, this.audit, refusalLog);
    const { clockToleranceSeconds } = this.verifier;
    const { liveGraceMs, onError, printNotice } = options;
    this.keyListeners = { onError, onRecovery: printNotice };
    this.live = new LiveConnections(store, { liveGraceMs, clockToleranceSeconds, onError });
    const { refusals, removals } = this;
    this.metrics = new LogoutMetrics(store, refusals, removals, published, meterProvider);
  }

  /** Whether the store was opened and not closed since. */
  get isOpen(): boolean {
    return this.isReady;
  }

  /**
   * Makes the store ready, and fetches the keys that issuers publish; it waits 5 s at most for these,
   * and goes on without. Idempotent; after a failure it may be called again.
   * @throws {StoreUnavailableError} the store cannot be opened, or was closed by `close()`.
   */
  async open(): Promise<void> {
    await this.openStore();
    await this.fetched;
  }

  /**
   * Makes the store ready, and begins to fetch the keys that issuers publish: requests need no more,
   * since a token waits for the keys of its own issuer alone. Otherwise as `open`.
   * @throws {StoreUnavailableError}
   */
  openStore(): Promise<void> {
    if (this.closing !== undefined)
      return Promise.reject(new StoreUnavailableError('open again after close()'));
    return (this.opening ??= this.begin());
  }

  /** From here on metrics are collected, by the provider that is known now. Idempotent. */
  publishMetrics(): void {
    this.metrics.register();
  }

  /** Writes what the audit still holds and closes the store. Idempotent; the server goes first. */
  close(): Promise<void> {
    this.isReady = false;
    return (this.closing ??= this.closeAll());
  }

  private async begin(): Promise<void> {
    try {
      await this.store.open();
      if (this.closing !== undefined) return;
      this.fetched = this.published.open(this.keyListeners);
      this.isReady = true;
    } catch (error) {
      this.opening = undefined;
      throw error;
    }
  }

  private async closeAll(): Promise<void> {
    // The caller of `open` learns of its failure; what it did open is closed here.
    await this.opening?.catch(() => undefined);
    this.published.close();
    this.metrics.unregister();
    this.live.stop();
    await this.audit.close();
    await this.store.close();
  }
}

/** @returns `undefined`: the key that signs is a secret, which callers cannot know. */
function signedBy(
  { options: { signingKeys, issuer } }: SessionSettings,
  now: () => number,
): SignedIntrospection | undefined {
  const { signer } = signingKeys;
  return isSymmetric(signer.algorithm) ? undefined : new SignedIntrospection(signer, issuer, now);
}
