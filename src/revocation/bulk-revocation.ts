import type { AuditEvent } from '../audit/audit-event';
import type { AuditLog } from '../audit/audit-log';
import { identifierKey, revocationKey, type RevocationKey } from '../tokens/identity';
import type { TokenVerifier } from '../tokens/verification/token-verifier';
import { keptUntil, type RevokeOptions } from './additions';
import { commitRevocations } from './commit-revocations';
import { ANY_ISSUE_TIME, type CutoffOrder, type Revocation } from './revocation';
import type { RevocationStore } from './revocation-store';

/** Whose tokens are meant. */
interface OfIssuer {
  /** The `iss` of the tokens. @defaultValue the one issuer that the options name */
  readonly issuer?: string;
}

/** Whose tokens are meant, and whether sessions end with them. */
interface OfSubject extends OfIssuer {
  readonly subject: string;
  /** @defaultValue 'sessions' */
  readonly reach?: 'sessions' | 'tokens';
}

/**
 * Revokes many tokens at once: for a change of a password, a ban, a client whose secret has leaked.
 * A revocation of a subject, a client or an issuer refuses what was issued up to an instant, which
 * the store's clock tells: a token whose `iat` is a whole second is refused if it was issued in that
 * second, so a login directly afterwards may have to be repeated a second later.
 */
export class BulkRevocation {
  constructor(
    private readonly verifier: TokenVerifier,
    private readonly store: RevocationStore,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Refuses every token of the subject that was issued until now. With `reach: 'sessions'` its
   * sessions end with them, where the issuer says when they began: for our own sessions, or by the
   * option `cutoffClaim: 'auth_time'`, tokens that are issued to them later are refused, too. With
   * `reach: 'tokens'` sessions and their refresh tokens go on: new tokens are accepted, such as those
   * with the roles that the subject has now.
   * @param reach 'sessions' by default.
   * @returns the instant up to which.
   * @throws {TypeError} a name is missing or not of its form; nothing was changed.
   * @throws {OutdatedInstanceError} an instance of an older version is running; nothing was changed.
   * @throws {StoreUnavailableError} whether it took effect is unknown; repeat it.
   */
  async revokeSubject(
    { issuer, subject, reach = 'sessions' }: OfSubject,
    options: RevokeOptions = {},
  ): Promise<Date> {
    const iss = this.issuerOf(issuer);
    checkName('subject', subject, MAX_NAME_LENGTH);
    const scope = scopeOf(reach);
    const key = revocationKey(scope, iss, subject);
    return this.cutOff({ key, scope, issuer: iss, subject }, options);
  }

  /** As `revokeSubject`, for every token with this `client_id`, `azp`, `cid` or `appid`. */
  async revokeClient(
    { issuer, clientId }: OfIssuer & { readonly clientId: string },
    options: RevokeOptions = {},
  ): Promise<Date> {
    const iss = this.issuerOf(issuer);
    checkName('clientId', clientId, MAX_NAME_LENGTH);
    const key = revocationKey('client', iss, clientId);
    return this.cutOff({ key, scope: 'client', issuer: iss, clientId }, options);
  }

  /** As `revokeSubject`, for every token of the issuer. */
  async revokeIssuer({ issuer }: OfIssuer, options: RevokeOptions = {}): Promise<Date> {
    const iss = this.issuerOf(issuer);
    if (iss === undefined)
      throw new TypeError(
        'nestjs-logout: "issuer" must be given: tokens without one are no issuer.',
      );
    return this.cutOff(
      { key: revocationKey('issuer', iss), scope: 'issuer', issuer: iss },
      options,
    );
  }

  /**
   * Refuses every token of these sessions (`sessionClaim`), also those that are issued later.
   * @param sessionIds 1–1000 texts.
   * @returns how many of them were not revoked before.
   * @throws as `revokeSubject`.
   */
  async revokeSessions(
    { issuer, sessionIds }: OfIssuer & { readonly sessionIds: readonly string[] },
    options: RevokeOptions = {},
  ): Promise<number> {
    const iss = this.issuerOf(issuer);
    const unique = [...new Set(sessionIds)];
    for (const id of unique) checkName('sessionIds', id, MAX_ID_LENGTH);
    const expiresAt = await this.keptUntil(iss, this.verifier.longestSessionSeconds(iss));
    const revocations = unique.map((sessionId) => {
      const revocation: Revocation = {
        key: identifierKey('session', iss, sessionId),
        scope: 'session',
        issuedBefore: ANY_ISSUE_TIME,
        expiresAt,
        issuer: iss,
        sessionId,
        reason: options.reason,
        actor: options.actor,
      };
      return { revocation, event: eventOf({ scope: 'session', issuer: iss, sessionId }, options) };
    });
    const { store, audit } = this;
    const areNew = await commitRevocations(store, audit, revocations, options.manager);
    return areNew.filter(Boolean).length;
  }

  private async cutOff(
    names: Pick<CutoffOrder, 'key' | 'scope' | 'issuer' | 'subject' | 'clientId'>,
    options: RevokeOptions,
  ): Promise<Date> {
    const { manager, reason, actor } = options;
    const { issuer } = names;
    const expiresAt = await this.keptUntil(issuer, this.verifier.longestCutoffSeconds(issuer));
    const event = eventOf(names, options);
    const { issuedBefore } = await this.store.cutOff(
      { ...names, expiresAt, reason, actor },
      event,
      manager,
    );
    if (manager === undefined) this.audit.committed(event);
    return issuedBefore;
  }

  /** Sessions of ours may have been opened when `absoluteSeconds` was longer than it is now. */
  private async keptUntil(issuer: string | undefined, longestSeconds: number): Promise<Date> {
    const longestMs = this.store.clock.now() + longestSeconds * 1000;
    const lastEnd = this.verifier.isOwnIssuer(issuer)
      ? await this.store.sessions.lastEnd()
      : undefined;
    const { clockToleranceSeconds } = this.verifier;
    return keptUntil(Math.max(longestMs, lastEnd?.getTime() ?? 0), clockToleranceSeconds);
  }

  private issuerOf(issuer: string | undefined): string | undefined {
    if (issuer !== undefined) {
      checkName('issuer', issuer, MAX_NAME_LENGTH);
      return issuer;
    }
    const { issuerNames } = this.verifier;
    if (issuerNames.length <= 1) return issuerNames[0];
    throw new TypeError(
      `nestjs-logout: "issuer" must be given where there are several: one of ${issuerNames.join(', ')}.`,
    );
  }
}

function scopeOf(reach: unknown): 'subject' | 'subject-tokens' {
  if (reach === 'sessions') return 'subject';
  if (reach === 'tokens') return 'subject-tokens';
  throw new TypeError('nestjs-logout: "reach" must be "sessions" or "tokens".');
}

const MAX_NAME_LENGTH = 255;
const MAX_ID_LENGTH = 128;

function checkName(name: string, value: unknown, maxLength: number): void {
  const isName = typeof value === 'string' && value.length >= 1 && value.length <= maxLength;
  if (isName && value.isWellFormed() && !value.includes('\0')) return;
  throw new TypeError(`nestjs-logout: "${name}" must be text of 1–${maxLength} characters.`);
}

interface EventNames {
  readonly key?: RevocationKey;
  readonly scope: NonNullable<AuditEvent['scope']>;
  readonly issuer?: string;
  readonly subject?: string;
  readonly clientId?: string;
  readonly sessionId?: string;
}

function eventOf(
  { scope, issuer, subject, clientId, sessionId }: EventNames,
  { reason, actor, source }: RevokeOptions,
): AuditEvent {
  return {
    event: 'authn_token_revoked',
    outcome: 'success',
    scope,
    issuer,
    subject,
    sessionId,
    actor,
    reason,
    ...(clientId !== undefined && { detail: { clientId } }),
    ...source,
  };
}
