import { randomBytes } from 'node:crypto';
import type { RequestSource } from '../audit/audit-event';
import type { AuditLog } from '../audit/audit-log';
import type { BulkRevocation } from '../revocation/bulk-revocation';
import { SessionEnder } from '../revocation/session-ender';
import { TokenRejectedError } from '../revocation/errors';
import type { RevocationStore } from '../revocation/revocation-store';
import { cutoffKeysOf } from '../revocation/session-query';
import type { HostTransaction } from '../revocation/unit-of-work';
import type { TokenVerifier, VerifiedToken } from '../tokens/verification/token-verifier';
import { checkMinting } from './check-minting';
import { checkOpen, deviceIn } from './open-form';
import { SessionIssuance, type SessionTokens } from './session-issuance';
import { refreshCookie } from './refresh-cookie';
import { isRefreshed, refusalOf } from './refresh-outcome';
import { refreshIdOf, type GenuineRefreshToken } from './refresh-tokens';
import type { SessionSettings } from './session-settings';
import type { EndedSessions, Refreshed, Session } from '../revocation/session-store';

/** Of `iat`: verifiers refuse what lies further ahead. */
const MAX_AHEAD_MS = 1000;

export interface OpenOptions {
  /** What the user calls the device, such as `Ada's phone`; cut at 100 characters. */
  readonly device?: string;
  /** The application that the user logs in to. @defaultValue the option `clientId` */
  readonly clientId?: string;
  /**
   * A refresh token that the client still had: its session ends, whichever user it is of. So a login
   * on a shared computer leaves nothing of the user before.
   */
  readonly previous?: string;
  readonly source?: RequestSource;
}

export interface EndOptions {
  /** Joins the host's transaction: the session is over when the host commits. */
  readonly manager?: HostTransaction;
  readonly reason?: string;
  /** Who ends it, where that is not the user. */
  readonly actor?: string;
  readonly source?: RequestSource;
}

/** Logins that we keep: each opens a session, which its refresh tokens keep alive. */
export class SessionsService {
  private readonly ender: SessionEnder;
  private readonly issuance: SessionIssuance | undefined;

  /** @param settings absent: the option `sessions` is not set, and every method says so. */
  constructor(
    private readonly settings: SessionSettings | undefined,
    private readonly store: RevocationStore,
    private readonly verifier: TokenVerifier,
    private readonly bulk: BulkRevocation,
    private readonly audit: AuditLog,
  ) {
    this.ender = new SessionEnder(verifier, store, audit);
    if (settings === undefined) return;
    checkMinting(settings, verifier, store.clock.now());
    this.issuance = new SessionIssuance(settings, store, verifier, this.ender);
  }

  /** Whether browsers keep the refresh token in a cookie: the option `sessions.cookie`. */
  get useCookie(): boolean {
    return this.settings?.options.cookie === true;
  }

  /** Whether a token that was verified is of a session of ours. */
  hasIssued(token: VerifiedToken): boolean {
    return this.settings !== undefined && this.verifier.isOwn(token);
  }

  /** For whom the access tokens of sessions are. @throws {TypeError} `sessions` is not set. */
  get audiences(): readonly string[] {
    return this.set.options.audience;
  }

  /**
   * Names the session of a refresh token that we minted, whatever has become of it; for counting, no
   * secret. Asks no store.
   * @returns `undefined`: the text is none of our refresh tokens.
   */
  nameOf(refreshToken: unknown): string | undefined {
    const genuine = this.settings?.refreshTokens.read(refreshToken);
    return genuine && refreshIdOf(genuine.randomHalf);
  }

  /**
   * The `Set-Cookie` value that keeps the refresh token in a browser until the session is over unless
   * it is refreshed: for the answer of a login.
   * @throws {TypeError} the option `sessions.cookie` is not set: nothing would read the cookie.
   */
  refreshCookie({ refreshToken, session }: SessionTokens): string {
    if (!this.useCookie)
      throw new TypeError('nestjs-logout: set sessions.cookie to keep refresh tokens in a cookie.');
    const leftMs = session.idleExpiresAt.getTime() - this.store.clock.now();
    return refreshCookie(refreshToken, Math.max(0, Math.floor(leftMs / 1000)));
  }

  /**
   * Opens a session for a user whom you have authenticated, with a row in the audit. It is dated past
   * every revocation of the user that is committed, so its tokens are good.
   * @param subject whose session it is: 1–255 characters.
   * @throws {TypeError} the subject or an option is not of its form, or `sessions` is not set.
   * @throws {TokenRejectedError} `claims` returned `null`; the session has ended.
   * @throws {StoreUnavailableError} whether a session was opened is unknown; no client has its tokens.
   */
  async open(subject: string, options: OpenOptions = {}): Promise<SessionTokens> {
    const { options: rules, refreshTokens, clientId: ownClientId } = this.set;
    const { issuer, idleSeconds, absoluteSeconds, maxPerSubject } = rules;
    checkOpen(subject, options);
    const { clientId = ownClientId, source = {} } = options;
    const device = deviceIn(options.device);
    const randomHalf = refreshTokens.newRandomHalf();
    const previous = refreshTokens.read(options.previous);
    const opened = await this.store.sessions.open({
      sid: randomBytes(16).toString('base64url'),
      refreshId: refreshIdOf(randomHalf),
      issuer,
      subject,
      clientId,
      device,
      cutoffKeys: cutoffKeysOf({ issuer, subject, clientId }),
      idleSeconds,
      absoluteSeconds,
      maxPerSubject,
      previousRefreshId: previous && refreshIdOf(previous.randomHalf),
      revokedSeconds: this.ender.revokedSeconds(issuer),
      source,
    });
    this.print(opened);
    const { session } = opened;
    // It is ahead of the clock where a cutoff is: after a failover to a server whose clock is behind.
    const aheadMs = session.openedAt.getTime() - this.store.clock.now();
    const at = aheadMs > MAX_AHEAD_MS ? new Date(this.store.clock.now()) : session.openedAt;
    return required(this.issuance).issue(session, at, randomHalf, source);
  }

  /**
   * Exchanges a refresh token for new tokens. For `graceSeconds` the token before the last gets the
   * same refresh token again; an older one ends the session (RFC 9700 §4.14.2).
   * @throws {TokenRejectedError} no tokens: the text is no refresh token of ours (`TOKEN_INVALID`),
   * its session is over (`TOKEN_EXPIRED`), or was ended (`TOKEN_REVOKED`).
   * @throws {TypeError} `sessions` is not set.
   * @throws {StoreUnavailableError} repeating it within `graceSeconds` is safe.
   */
  async refresh(refreshToken: unknown, source: RequestSource = {}): Promise<SessionTokens> {
    const { refreshTokens } = this.set;
    const genuine = refreshTokens.read(refreshToken);
    if (genuine === undefined)
      throw new TokenRejectedError('TOKEN_INVALID', 'refresh_token_unknown');
    const { outcome, session, at } = await this.exchange(genuine, source);
    if (session === undefined || !isRefreshed(outcome)) throw refusalOf(outcome);
    const refusal = this.refusalByOptions(session, at);
    if (refusal !== undefined) throw refusal;
    return required(this.issuance).issue(session, at, genuine.randomHalf, source);
  }

  /**
   * The live sessions of a user, opened last first; at most 1000.
   * @throws {TypeError} `sessions` is not set.
   * @throws {StoreUnavailableError}
   */
  async list(subject: string): Promise<readonly Session[]> {
    const { issuer } = this.set.options;
    return this.store.sessions.list({ issuer, subject });
  }

  /**
   * The session of a refresh token that would be exchanged now, unless the hook `claims` refuses it.
   * Only looks: the token is not used up, and an older one ends nothing.
   * @returns `undefined`: it is none of ours, was exchanged before (also within `graceSeconds`), or
   * its session has ended or is over.
   * @throws {TypeError} `sessions` is not set.
   * @throws {StoreUnavailableError}
   */
  async find(refreshToken: unknown): Promise<Session | undefined> {
    const genuine = this.set.refreshTokens.read(refreshToken);
    if (genuine === undefined) return undefined;
    const refreshId = refreshIdOf(genuine.randomHalf);
    const session = await this.store.sessions.find({ refreshId });
    if (session === undefined || genuine.generation < session.generation) return undefined;
    const isOver = this.refusalByOptions(session, new Date(this.store.clock.now())) !== undefined;
    return isOver ? undefined : session;
  }

  /**
   * Ends a session: its tokens are refused from now on, everywhere, as `RevokedTokensService.revoke`
   * has it.
   * @param options with `subject`, only a session of that user is found.
   * @returns whether this call ended it; `false`: it was ended before, or there is none.
   * @throws {TypeError} `sessions` is not set.
   * @throws {StoreUnavailableError} whether it took effect is unknown; repeating it is safe.
   */
  async end(
    sid: string,
    options: EndOptions & { readonly subject?: string } = {},
  ): Promise<boolean> {
    const { issuer } = this.set.options;
    const session = { issuer, subject: options.subject, sids: [sid] };
    return (await this.ender.end(session, issuer, options)) === 'ended';
  }

  /**
   * Ends the session of a refresh token, as `end` does. It ends whatever generation the token is of,
   * also where the session is refreshed at the same time.
   * @returns whether the text is a refresh token of ours.
   * @throws {TypeError} `sessions` is not set.
   * @throws {StoreUnavailableError} whether it took effect is unknown; repeating it is safe.
   */
  async endByRefreshToken(refreshToken: unknown, source: RequestSource = {}): Promise<boolean> {
    const { options, refreshTokens } = this.set;
    const genuine = refreshTokens.read(refreshToken);
    if (genuine === undefined) return false;
    const refreshId = refreshIdOf(genuine.randomHalf);
    await this.ender.end({ refreshId }, options.issuer, { source });
    return true;
  }

  /**
   * Ends all sessions of a user but one.
   * @returns how many ended; `undefined`: that one is not live, and nothing changed.
   */
  async endOthers(
    subject: string,
    sid: string,
    source: RequestSource = {},
  ): Promise<number | undefined> {
    const { issuer } = this.set.options;
    const revokedSeconds = this.ender.revokedSeconds(issuer);
    const order = { issuer, subject, sid, revokedSeconds, source };
    const ended = await this.store.sessions.endOthers(order);
    if (ended !== undefined) this.print(ended);
    return ended?.revocations.length;
  }

  /** Ends all sessions of a user: see `BulkRevocation.revokeSubject`. A login from then on works. */
  async endAll(subject: string, options: EndOptions = {}): Promise<void> {
    const { issuer } = this.set.options;
    await this.bulk.revokeSubject({ issuer, subject }, options);
  }

  private async exchange(
    { randomHalf, generation }: GenuineRefreshToken,
    source: RequestSource,
  ): Promise<Refreshed> {
    const { issuer, idleSeconds, graceSeconds, auditRefreshes: isAudited } = this.set.options;
    const refreshed = await this.store.sessions.refresh({
      refreshId: refreshIdOf(randomHalf),
      generation,
      idleSeconds,
      graceSeconds,
      isAudited,
      revokedSeconds: this.ender.revokedSeconds(issuer),
      source,
    });
    this.print(refreshed);
    return refreshed;
  }

  /** Options may have changed since the login: a session lives by those of now. */
  private refusalByOptions(
    { issuer, openedAt }: Session,
    at: Date,
  ): TokenRejectedError | undefined {
    const { options } = this.set;
    if (issuer !== options.issuer)
      return new TokenRejectedError('TOKEN_INVALID', 'refresh_token_unknown');
    const isOver = openedAt.getTime() + options.absoluteSeconds * 1000 <= at.getTime();
    return isOver ? new TokenRejectedError('TOKEN_EXPIRED') : undefined;
  }

  private print({ events }: EndedSessions): void {
    for (const event of events) this.audit.committed(event);
  }

  private get set(): SessionSettings {
    return required(this.settings);
  }
}

function required<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new TypeError('nestjs-logout: set the option "sessions" to keep sessions.');
}
