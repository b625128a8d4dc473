import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { AuditLog } from '../audit/audit-log';
import { LogoutCore } from '../core/compose';
import type { LiveConnections } from '../live/live-connections';
import type { BulkRevocation } from '../revocation/bulk-revocation';
import { rejection, type Authentication } from '../revocation/authentication';
import type { RevokedTokensService } from '../revocation/revoked-tokens.service';
import type { SessionsService } from '../sessions/sessions.service';
import { misconfigured } from '../options/misconfiguration';
import { mapMaybe, catchMaybe } from '../tokens/maybe-promise';
import type { Claims } from '../tokens/verification/claims';
import { BAD_CREDENTIALS, NO_CREDENTIALS } from '../web/answers';
import { BearerCookies } from '../web/bearer-cookies';
import type { Body } from '../web/body';
import { jwkSet } from '../web/document-routes';
import { Enforcement } from '../web/enforcement';
import type { PublishedDocument } from '../web/published-document';
import type { IncomingRequest } from '../web/request';
import { RequestAuthenticator } from '../web/request-authenticator';
import { MemoryRequestCounter } from '../web/request-counter.memory';
import { Throttle } from '../web/throttle';
import type { PreparedAnswers, Reply } from './answers';
import { readLogoutBody } from './logout-body';
import { OAuthRoutes } from './oauth-routes';
import { PlainLogout, type NotLive } from './plain-logout';
import type { ResolvedOptions } from './revocation-options';

/** Go on with the request, or send the reply. */
type Enforced = 'pass' | Reply;
/** The claims of a live token, or the reply where there is none. */
type Verified = { readonly user: Claims } | Reply;

/** The logout without Nest: all that the handlers of Express and of Fastify have in common. */
export class PlainRevocation {
  /** Revokes and checks tokens where no request is at hand. */
  readonly tokens: RevokedTokensService;
  /** Revokes all tokens of a subject, a client, an issuer or sessions. */
  readonly bulk: BulkRevocation;
  /** Logins that we keep, with the option `sessions`. */
  readonly sessions: SessionsService;
  /** Ends what you serve for longer than one answer when its token ends. */
  readonly live: LiveConnections;
  /** What happened, and how to ask. */
  readonly audit: AuditLog;
  private readonly core: LogoutCore;
  private readonly answers: PreparedAnswers;
  private readonly authenticator: RequestAuthenticator;
  private readonly enforcement: Enforcement;
  private readonly loggingOut: PlainLogout;
  private readonly keySet: PublishedDocument | undefined;
  /** The routes that other services call. */
  protected readonly oauth: OAuthRoutes;

  constructor(options: ResolvedOptions) {
    const { core, answers, enforcementRules, throttleRules, oauthRules, onError } = options;
    this.core = new LogoutCore(core);
    this.tokens = this.core.tokens;
    this.bulk = this.core.bulk;
    this.sessions = this.core.sessions;
    this.live = this.core.live;
    this.audit = this.core.audit;
    this.answers = answers;
    const cookies = new BearerCookies(enforcementRules);
    this.authenticator = new RequestAuthenticator(this.tokens, undefined, cookies);
    const open = () => this.openStore();
    this.enforcement = new Enforcement(
      this.tokens,
      this.authenticator,
      enforcementRules,
      this.core.removals,
      open,
    );
    const throttle = new Throttle(new MemoryRequestCounter(), throttleRules, this.audit, onError);
    const { core: own, authenticator } = this;
    this.loggingOut = new PlainLogout(own, open, authenticator, throttle, answers);
    this.oauth = new OAuthRoutes(own, open, authenticator, throttle, oauthRules);
    const published = core.sessions?.signingKeys.published ?? [];
    this.keySet = published.length > 0 ? jwkSet(published) : undefined;
    for (const sentence of [...this.core.warnings, ...this.core.notices])
      core.printNotice(sentence);
  }

  /**
   * Makes the store ready, and waits 5 s at most for the keys that issuers publish. Idempotent;
   * requests wait for the store, and try again where it failed.
   * @throws {StoreUnavailableError} the store cannot be opened, or was closed by `close()`.
   */
  async open(): Promise<void> {
    await this.openStore();
    await this.core.open();
  }

  private async openStore(): Promise<void> {
    await this.core.openStore();
    this.core.publishMetrics();
  }

  /** Writes what the audit still holds and closes the store. Idempotent; the server goes first. */
  close(): Promise<void> {
    return this.core.close();
  }

  /**
   * The body of a logout. Reading begins at the call, before anything waits: a client that goes away
   * while the store is slow is noticed. Never rejects.
   */
  protected readBody(request: IncomingRequest, stream: Readable): Promise<Body> {
    return readLogoutBody(request, stream, this.core.verifier.maxTokenBytes);
  }

  /** Logs out. Never rejects. `undefined`: the client has disconnected, so nothing is sent. */
  protected logOut(request: IncomingRequest, body: Promise<Body>): Promise<Reply | undefined> {
    return this.loggingOut.run(request, body);
  }

  /**
   * What answers requests for the JWK Set.
   * @throws {TypeError} there is no public key to publish.
   */
  protected publishedKeys(): (headers: IncomingHttpHeaders) => Reply {
    const { keySet } = this;
    if (keySet === undefined)
      throw misconfigured(
        'sessions.signingKeys',
        'a key pair where jwks is used',
        'no key with a public half',
        'Others cannot verify with a secret: serve no jwks, or sign with a private key.',
      );
    return (headers) => {
      const answer = keySet.answerTo(headers);
      const text = answer.status === 200 ? answer.text : '';
      return { answer: { status: answer.status, text }, headers: answer.headers };
    };
  }

  /** At once where memory has the answer. Neither throws nor rejects. */
  protected verify(request: IncomingRequest): Verified | Promise<Verified> {
    return mapMaybe(this.authenticate(request), (authentication): Verified => {
      if (authentication === undefined) return { answer: this.answers.unavailable };
      // A copy: what the host writes to its user must not change the token that we remember.
      if (authentication.verdict === 'live') return { user: { ...authentication.token.claims } };
      this.core.refusals.countError(rejection(authentication));
      return { answer: this.answers.notAuthenticated, headers: challengeFor(authentication) };
    });
  }

  /** At once where memory has the answer. Neither throws nor rejects. */
  protected takeRevokedAway(request: IncomingRequest): Enforced | Promise<Enforced> {
    const outcome = catchMaybe(
      () => this.enforcement.inspect(request),
      (error) => {
        this.core.refusals.countError(error);
        return undefined;
      },
    );
    return mapMaybe(outcome, (known): Enforced => {
      if (known === 'pass') return known;
      if (known === undefined) return { answer: this.answers.unavailable };
      this.core.refusals.count('token_revoked');
      const headers = challengeFor({ verdict: 'missing' });
      return { answer: this.answers.notAuthenticated, headers };
    });
  }

  /** `undefined`: the check failed. */
  private authenticate(
    request: IncomingRequest,
  ): Authentication | undefined | Promise<Authentication | undefined> {
    return catchMaybe(
      (): Authentication | Promise<Authentication> => {
        const check = () => this.authenticator.authenticate(request);
        return this.core.isOpen ? check() : this.openStore().then(check);
      },
      (error) => {
        this.core.refusals.countError(error);
        return undefined;
      },
    );
  }
}

/** RFC 6750 §3. */
function challengeFor({ verdict }: NotLive): Record<string, string> {
  const challenge = verdict === 'missing' ? NO_CREDENTIALS : BAD_CREDENTIALS;
  return { 'WWW-Authenticate': challenge };
}
