import type { RequestSource } from '../audit/audit-event';
import { tokenFields, type AuditLog } from '../audit/audit-log';
import { LogoutCore } from '../core/compose';
import { BAD_CREDENTIALS, NO_CREDENTIALS } from '../web/answers';
import { BearerCookies } from '../web/bearer-cookies';
import { Enforcement } from '../web/enforcement';
import { outageReport } from '../web/outage-report';
import { sourceOf } from '../web/request';
import type { BodyReason } from '../web/body';
import { RequestAuthenticator } from '../web/request-authenticator';
import { mapMaybe, catchMaybe } from '../tokens/maybe-promise';
import { reasonOf } from '../revocation/errors';
import {
  rejection,
  type Authentication,
  type RevokedTokensService,
} from '../revocation/revoked-tokens.service';
import { send, type PreparedAnswer, type PreparedAnswers } from './answers';
import type { ExpressHandler, ExpressRequest } from './http-types';
import { readLogoutBody, tokenIn } from './request-reader';
import type { ResolvedOptions } from './revocation-options';

type NotLive = Exclude<Authentication, { verdict: 'live' }>;

/** What `createRevocation` returns. The handlers need no `this`: they may be taken apart. */
export class ExpressRevocation {
  /** Revokes and checks tokens where no request is at hand. */
  readonly tokens: RevokedTokensService;
  /** What happened, and how to ask. */
  readonly audit: AuditLog;
  private readonly core: LogoutCore;
  private readonly answers: PreparedAnswers;
  private readonly onError: (error: unknown) => void;
  private readonly reportOutage: (cause: unknown) => void;
  private readonly authenticator: RequestAuthenticator;
  private readonly enforcement: Enforcement;

  constructor({ core, answers, enforcementRules, onError }: ResolvedOptions) {
    this.core = new LogoutCore(core);
    this.tokens = this.core.tokens;
    this.audit = this.core.audit;
    this.answers = answers;
    this.onError = onError;
    this.reportOutage = outageReport(onError);
    this.authenticator = new RequestAuthenticator(
      this.tokens,
      undefined,
      new BearerCookies(enforcementRules),
    );
    this.enforcement = new Enforcement(
      this.tokens,
      this.authenticator,
      enforcementRules,
      this.core.removals,
      () => this.open(),
    );
  }

  /**
   * Revokes the token that the JSON body names as `token`; where it names none, the one in a cookie
   * of `tokenSources`, if a page of the host's own sent it (docs/http.md). `loggedOut` is sent once that is
   * committed; `logoutRefused` for whatever is no live token or no readable body of at most 16 KB;
   * `unavailable` when the store fails: repeating is safe. Reads the body itself where no parser of
   * the host's has. A client that has gone away is not answered.
   */
  readonly logout: ExpressHandler = (request, response) => {
    void this.logOut(request).then((answer) => {
      if (answer !== undefined) send(response, answer);
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

  /** Never rejects. `undefined`: the client has disconnected, so there is no answer to send. */
  private async logOut(request: ExpressRequest): Promise<PreparedAnswer | undefined> {
    let source: RequestSource = {};
    try {
      source = sourceOf(request);
      // First of all: a client that goes away while the store is slow must be noticed.
      const body = await readLogoutBody(request);
      if (body.kind === 'aborted') return undefined;
      if (body.kind === 'refused') return this.refuseRequest(body.reason, source);
      await this.open();
      return await this.revoke(tokenIn(body.value), request, source);
    } catch (error) {
      this.onError(error);
      this.core.refusals.countError(error);
      this.audit.failed({ ...source, ...FAILED_LOGOUT, reason: reasonOf(error) });
      return this.answers.unavailable;
    }
  }

  private async revoke(
    named: unknown,
    request: ExpressRequest,
    source: RequestSource,
  ): Promise<PreparedAnswer> {
    const authentication = await (named === undefined
      ? this.authenticator.readCookie(request).authentication
      : this.tokens.authenticate(named, source));
    if (authentication.verdict !== 'live') return this.refuse(authentication, source);
    const { token } = authentication;
    const isNew = await this.tokens.revoke(token, { source });
    return isNew ? this.answers.loggedOut : this.refuse({ verdict: 'revoked', token }, source);
  }

  private refuse(authentication: NotLive, source: RequestSource): PreparedAnswer {
    const reason = rejection(authentication).reason;
    this.core.refusals.count(reason);
    this.audit.failed({
      ...source,
      ...('token' in authentication && tokenFields(authentication.token)),
      ...FAILED_LOGOUT,
      reason,
    });
    return this.answers.logoutRefused;
  }

  private refuseRequest(reason: BodyReason, source: RequestSource): PreparedAnswer {
    this.core.refusals.count(reason);
    this.audit.failed({ ...source, event: 'input_validation_fail', outcome: 'failure', reason });
    return this.answers.logoutRefused;
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

const FAILED_LOGOUT = { event: 'authn_token_revoked', outcome: 'failure' } as const;

function challengeFor({ verdict }: NotLive): string {
  return verdict === 'missing' ? NO_CREDENTIALS : BAD_CREDENTIALS;
}
