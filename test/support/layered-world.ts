import { randomUUID } from 'node:crypto';
import { AuditLog } from '../../src/audit/audit-log';
import { BulkRevocation } from '../../src/revocation/bulk-revocation';
import type { RevocationStore } from '../../src/revocation/revocation-store';
import { RevokedTokensService } from '../../src/revocation/revoked-tokens.service';
import type { VerifiedToken } from '../../src/tokens/verified-token';
import { TokenVerifier } from '../../src/tokens/verification/token-verifier';
import { ownTokens } from './own-tokens';
import { TestIssuer } from './tokens';

const DAY_SECONDS = 86_400;
const DAY_MS = DAY_SECONDS * 1000;

/** How long sessions of an issuer live, and at most its tokens. */
const ISSUERS = {
  /** Our own sessions, whose tokens live for much shorter. */
  own: { sessionDays: 60, maxLifetimeSeconds: 900, key: new TestIssuer() },
  /** Dates its tokens by `iat`. */
  plain: { sessionDays: 20, maxLifetimeSeconds: 10 * DAY_SECONDS, key: new TestIssuer() },
  /** Dates them by `auth_time`, and has session and client in other claims. */
  dated: { sessionDays: 20, maxLifetimeSeconds: 3600, key: new TestIssuer() },
} as const;

type IssuerName = keyof typeof ISSUERS;
export const ISSUER_NAMES = Object.keys(ISSUERS) as readonly IssuerName[];
export const SUBJECTS = ['ada', 'grace'] as const;
export const CLIENTS = ['shop', 'blog'] as const;
type Name<Of extends readonly string[]> = Of[number];

/** Instants: now, or so many ms from the last cutoff. */
export type Instant = 'now' | -1 | 0 | 1;

export type Action =
  | {
      readonly kind: 'login';
      readonly issuer: IssuerName;
      readonly subject: Name<typeof SUBJECTS>;
      readonly client: Name<typeof CLIENTS> | undefined;
      readonly azp: Name<typeof CLIENTS> | undefined;
      readonly at: Instant;
    }
  | { readonly kind: 'refresh'; readonly which: number; readonly at: Instant }
  | { readonly kind: 'logout'; readonly which: number; readonly covers: 'token' | 'session' }
  | { readonly kind: 'end session'; readonly which: number }
  | {
      readonly kind: 'subject';
      readonly issuer: IssuerName;
      readonly subject: Name<typeof SUBJECTS>;
      readonly reach: 'sessions' | 'tokens';
    }
  | {
      readonly kind: 'client';
      readonly issuer: IssuerName;
      readonly client: Name<typeof CLIENTS>;
    }
  | { readonly kind: 'issuer'; readonly issuer: IssuerName };

interface Session {
  readonly iss: IssuerName;
  readonly sub: string;
  readonly client_id: string | undefined;
  readonly azp: string | undefined;
  readonly sid: string;
  readonly openedMs: number;
}

interface Minted {
  readonly text: string;
  readonly jti: string;
  readonly session: Session;
  /** Of the login, as the token tells it; `undefined`: it does not say. */
  readonly begunMs: number | undefined;
  readonly issuedMs: number;
}

/**
 * Whether a token is covered: what was revoked, in the plainest form. `undefined`: it need not be,
 * and may be refused for as long as the revocation is kept.
 */
type Refusal = (token: Minted) => boolean | undefined;

/**
 * Logins, refreshes and revocations of every kind, beside an oracle that forgets nothing: it keeps
 * for each revocation which tokens it covers.
 */
export class LayeredWorld {
  readonly tokens: Minted[] = [];
  private readonly sessions: Session[] = [];
  private readonly refusals: Refusal[] = [];
  private readonly verifier: TokenVerifier;
  private readonly service: RevokedTokensService;
  private readonly bulk: BulkRevocation;
  private lastCutoffMs: number | undefined;

  /** @param clock by which tokens are issued, in ms since the epoch. */
  constructor(
    store: RevocationStore,
    private readonly clock: () => number,
  ) {
    const audit = new AuditLog(store.audit, () => undefined);
    const { key, maxLifetimeSeconds, sessionDays } = ISSUERS.own;
    const absoluteSeconds = sessionDays * DAY_SECONDS;
    const own = ownTokens(key, { issuer: 'own', maxLifetimeSeconds, absoluteSeconds });
    this.verifier = new TokenVerifier({ issuers: RULES }, () => store.clock.now(), 'access', own);
    this.service = new RevokedTokensService(this.verifier, store, audit);
    this.bulk = new BulkRevocation(this.verifier, store, audit);
  }

  async act(action: Action): Promise<void> {
    switch (action.kind) {
      case 'login':
        this.logIn(action);
        break;
      case 'refresh':
        this.refresh(action);
        break;
      case 'logout':
        await this.logOut(action);
        break;
      case 'end session':
        await this.endSession(this.sessionAt(action.which));
        break;
      default:
        await this.cutOff(action);
    }
  }

  /** The tokens that would be accepted if nothing was revoked, and whether each is refused. */
  accepted(): readonly { readonly token: VerifiedToken; readonly isRefused: boolean }[] {
    return this.tokens.flatMap((minted) => {
      const verification = this.verifier.verify(minted.text);
      if (verification.verdict !== 'live') return [];
      const covered = new Set(this.refusals.map((covers) => covers(minted)));
      if (!covered.has(true) && covered.has(undefined)) return [];
      return [{ token: verification.token, isRefused: covered.has(true) }];
    });
  }

  private logIn({ issuer, subject, client, azp, at }: Action & { kind: 'login' }): void {
    const names = { iss: issuer, sub: subject, client_id: client, azp };
    const session = { ...names, sid: randomUUID(), openedMs: this.instantOf(at) };
    this.sessions.push(session);
    this.mint(session, at);
  }

  /** Also after a sleep that was longer than any token lives; but for what is over. */
  private refresh({ which, at }: Action & { kind: 'refresh' }): void {
    const session = this.sessionAt(which);
    if (session === undefined) return;
    const endsMs = session.openedMs + ISSUERS[session.iss].sessionDays * DAY_MS;
    if (this.clock() < endsMs) this.mint(session, at);
  }

  private mint(session: Session, at: Instant): void {
    const { openedMs, sid, client_id, azp, ...names } = session;
    const { key, maxLifetimeSeconds, sessionDays } = ISSUERS[names.iss];
    const [jti, issuedMs] = [randomUUID(), this.instantOf(at)];
    const iat = Math.floor(issuedMs / 1000);
    const endSeconds = Math.floor(openedMs / 1000) + sessionDays * DAY_SECONDS;
    const exp = names.iss === 'own' ? Math.min(iat + 900, endSeconds) : iat + maxLifetimeSeconds;
    // Some issuers leave it out now and then.
    const auth_time = jti < '3' ? undefined : Math.min(iat, Math.floor(openedMs / 1000));
    const own = { opened_ms: openedMs, iat_ms: issuedMs };
    const named =
      names.iss === 'dated'
        ? { session_id: sid, cid: client_id, appid: azp }
        : { sid, client_id, azp };
    const claims = { ...names, ...named, ...own, jti, iat, exp, auth_time };
    const text = key.token(claims, { typ: 'at+jwt' });
    const ofIat = { begunMs: iat * 1000, issuedMs: iat * 1000 };
    const dated = { ...ofIat, begunMs: auth_time === undefined ? undefined : auth_time * 1000 };
    const instants = { own: { begunMs: openedMs, issuedMs }, plain: ofIat, dated }[names.iss];
    this.tokens.push({ text, jti, session, ...instants });
  }

  private async logOut({ which, covers }: Action & { kind: 'logout' }): Promise<void> {
    const minted = this.tokens[which % Math.max(1, this.tokens.length)];
    const verification = this.verifier.verify(minted?.text);
    if (minted === undefined || verification.verdict !== 'live') return;
    const { session } = minted;
    // Ours ends in the store of sessions, which has none of these.
    if (session.iss === 'own' && covers === 'session') return this.endSession(session);
    await this.service.revoke(verification.token, { covers });
    this.refusals.push(({ jti }) => jti === minted.jti);
    if (covers === 'session') this.refuseSession(session.sid);
  }

  private async endSession(session: Session | undefined): Promise<void> {
    if (session === undefined) return;
    await this.bulk.revokeSessions({ issuer: session.iss, sessionIds: [session.sid] });
    this.refuseSession(session.sid);
  }

  private refuseSession(sid: string): void {
    this.refusals.push(({ session }) => session.sid === sid);
  }

  private async cutOff(action: Action & { kind: 'subject' | 'client' | 'issuer' }): Promise<void> {
    const { issuer } = action;
    const isOf = ({ session }: Minted): boolean => session.iss === issuer;
    if (action.kind === 'issuer') {
      const until = this.noted(await this.bulk.revokeIssuer({ issuer }));
      this.refusals.push((token) => isOf(token) && hasBegun(token, until));
      return;
    }
    if (action.kind === 'client') {
      const { client: clientId } = action;
      const until = this.noted(await this.bulk.revokeClient({ issuer, clientId }));
      const isOfClient = ({ client_id, azp }: Session) => [client_id, azp].includes(clientId);
      this.refusals.push(
        (token) => isOf(token) && isOfClient(token.session) && hasBegun(token, until),
      );
      return;
    }
    const { subject, reach } = action;
    const until = this.noted(await this.bulk.revokeSubject({ issuer, subject, reach }));
    this.refusals.push((token) => {
      if (!isOf(token) || token.session.sub !== subject) return false;
      return reach === 'sessions' ? hasBegun(token, until) : token.issuedMs <= until;
    });
  }

  private sessionAt(which: number): Session | undefined {
    return this.sessions[which % Math.max(1, this.sessions.length)];
  }

  private noted(cutoff: Date): number {
    return (this.lastCutoffMs = cutoff.getTime());
  }

  private instantOf(at: Instant): number {
    const now = this.clock();
    if (at === 'now' || this.lastCutoffMs === undefined) return now;
    // The last cutoff may be long ago.
    return now - this.lastCutoffMs > 1000 ? now : this.lastCutoffMs + at;
  }
}

/** Of a session that began later, a token that does not say so is refused, too. */
function hasBegun({ begunMs, session }: Minted, until: number): boolean | undefined {
  if (begunMs !== undefined) return begunMs <= until;
  return session.openedMs <= until ? true : undefined;
}

const RULES = [
  rulesOf('plain'),
  { ...rulesOf('dated'), cutoffClaim: 'auth_time' as const, sessionClaim: 'session_id' },
];

function rulesOf(issuer: 'plain' | 'dated') {
  const { key, maxLifetimeSeconds, sessionDays } = ISSUERS[issuer];
  const sessionSeconds = sessionDays * DAY_SECONDS;
  const common = { issuer, audience: null, algorithms: ['HS256'] as const };
  return { ...common, keys: key.key, maxLifetimeSeconds, sessionSeconds };
}
