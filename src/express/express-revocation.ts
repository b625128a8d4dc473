import type { AuditLog } from '../audit/audit-log';
import { LogoutCore } from '../core/compose';
import type { LiveConnections } from '../live/live-connections';
import type { BulkRevocation } from '../revocation/bulk-revocation';
import type { SessionsService } from '../sessions/sessions.service';
import { BAD_CREDENTIALS, NO_CREDENTIALS } from '../web/answers';
import { BearerCookies } from '../web/bearer-cookies';
import { Enforcement } from '../web/enforcement';
import { outageReport } from '../web/outage-report';
import { RequestAuthenticator } from '../web/request-authenticator';
import { mapMaybe, catchMaybe } from '../tokens/maybe-promise';
import {
  rejection,
  type Authentication,
  type RevokedTokensService,
} from '../revocation/revoked-tokens.service';
import { MemoryRequestCounter } from '../web/request-counter.memory';
import { Throttle } from '../web/throttle';
import { send, type PreparedAnswers } from './answers';
import { ExpressLogout, type NotLive } from './express-logout';
import type { ExpressHandler, ExpressRequest } from './http-types';
import type { ResolvedOptions } from './revocation-options';

/** What `createRevocation` returns. The handlers need no `this`: they may be taken apart. */
export class ExpressRevocation {
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
  private readonly onError: (error: unknown) => void;
  private readonly reportOutage: (cause: unknown) => void;
  private readonly authenticator: RequestAuthenticator;
  private readonly enforcement: Enforcement;
  private readonly loggingOut: ExpressLogout;

  constructor({ core, answers, enforcementRules, throttleRules, onError }: ResolvedOptions) {
    this.core = new LogoutCore(core);
    this.tokens = this.core.tokens;
    this.bulk = this.core.bulk;
    this.sessions = this.core.sessions;
    this.live = this.core.live;
    this.audit = this.core.audit;
    this.answers = answers;
    this.onError = onError;
    this.reportOutage = outageReport(onError);
    const cookies = new BearerCookies(enforcementRules);
    this.authenticator = new RequestAuthenticator(this.tokens, undefined, cookies);
    const open = () => this.open();
    this.enforcement = new Enforcement(
      this.tokens,
      this.authenticator,
      enforcementRules,
      this.core.removals,
      open,
    );
    const throttle = new Throttle(new MemoryRequestCounter(), throttleRules, this.audit, onError);
    const { core: own, authenticator } = this;
    this.loggingOut = new ExpressLogout(own, open, authenticator, throttle, answers, onError);
    for (const notice of this.core.notices) console.warn(`nestjs-logout: ${notice}`);
  }

  /**
   * Revokes the token that the JSON body names as `token`; where it names none, the one in a cookie
   * of `tokenSources`, if a page of the host's own sent it. `loggedOut` is sent once that is
   * committed; `logoutRefused` for whatever is no live token or no readable body of at most
   * `maxTokenBytes` + 8 KB, `tooManyRequests` instead where the address has sent more than
   * `throttleLimit`; `unavailable` when the store fails: repeating is safe. Reads the body itself
   * where no parser of the host's has. A client that has gone away is not answered.
   */
  readonly logout: ExpressHandler = (request, response) => {
    void this.loggingOut.run(request).then((outcome) => {
      if (outcome !== undefined) send(response, outcome.answer, outcome.headers);
    });
  };

  /**
   * Lets requests with a live bearer token pass, with its claims in `request.user`; answers all
   * others: `notAuthenticated` with a challenge (RFC 6750 §3), `unavailable` when the store fails.
   */
  readonly verifyToken: ExpressHandler = (request, response, next) => {
    void mapMaybe(this.authenticate(request), (authentication) => {
      if (authentication === undefined) {
        send(response, this.answers.unavailable);
      } else if (authentication.verdict === 'live') {
        request.user = { ...authentication.token.claims };
        next();
      } else {
        this.core.refusals.countError(rejection(authentication));
        send(response, this.answers.notAuthenticated, challengeFor(authentication));
      }
    });
  };

  /**
   * Takes revoked tokens away from requests, so that guards of the host's own refuse them as they
   * refuse requests without a token; lets all requests pass, but for `unavailable` where a genuine
   * token cannot be checked. First of all: `app.use(enforce)`.
   */
  readonly enforce: ExpressHandler = (request, response, next) => {
    const outcome = catchMaybe(
      () => this.enforcement.inspect(request),
      (error) => {
        this.reportOutage(error);
        this.core.refusals.countError(error);
        return undefined;
      },
    );
    void mapMaybe(outcome, (known) => {
      if (known === 'pass') next();
      else if (known === 'refuse') {
        this.core.refusals.count('token_revoked');
        send(response, this.answers.notAuthenticated, challengeFor({ verdict: 'missing' }));
      } else send(response, this.answers.unavailable);
    });
  };

  /**
   * Makes the store ready. Idempotent; requests wait for it, and try again where it failed.
   * @throws {StoreUnavailableError} the store cannot be opened, or was closed by `close()`.
   */
  async open(): Promise<void> {
    await this.core.open();
    this.core.publishMetrics();
  }

  /** Writes what the audit still holds and closes the store. Idempotent; the server goes first. */
  close(): Promise<void> {
    return this.core.close();
  }

  /** Synchronous where possible. Neither throws nor rejects. `undefined`: the check failed. */
  private authenticate(
    request: ExpressRequest,
  ): Authentication | undefined | Promise<Authentication | undefined> {
    return catchMaybe(
      (): Authentication | Promise<Authentication> => {
        const check = () => this.authenticator.authenticate(request);
        return this.core.isOpen ? check() : this.open().then(check);
      },
      (error) => {
        this.failed(error);
        return undefined;
      },
    );
  }

  private failed(error: unknown): void {
    this.onError(error);
    this.core.refusals.countError(error);
  }
}

/** RFC 6750 §3. */
function challengeFor({ verdict }: NotLive): Record<string, string> {
  const challenge = verdict === 'missing' ? NO_CREDENTIALS : BAD_CREDENTIALS;
  return { 'WWW-Authenticate': challenge };
}
