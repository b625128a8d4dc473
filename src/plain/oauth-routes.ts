import type { LogoutCore } from '../core/compose';
import { IntrospectionCallers, type Caller } from '../introspection/introspection-callers';
import { misconfigured } from '../options/misconfiguration';
import { LogoutAnswers, MESSAGES } from '../web/answers';
import { Gate } from '../web/gate';
import { answerIntrospection } from '../web/answer-introspection';
import type { RequestAuthenticator } from '../web/request-authenticator';
import { RouteThrottle } from '../web/route-throttle';
import { ROUTES } from '../web/routes';
import type { Throttle } from '../web/throttle';
import { PlainRoute } from './plain-route';

/** `AuthModule`'s, as its sentences are; for expired bearers, of which these routes take none. */
const EXPIRED_STATUS = 403;

/** What the options say of the routes that other services call. */
export interface OAuthRules {
  /** Who may introspect; absent: there is no such route. */
  readonly callers: readonly Caller[] | undefined;
  /** Introspections of one caller in a window. */
  readonly callerLimit: number;
  /** Whether any issuer has the option `backchannel`. */
  readonly takesLogoutTokens: boolean;
}

/** The routes that other services call: resource servers, and identity providers. */
export class OAuthRoutes {
  private readonly answers: LogoutAnswers;
  private readonly gate: Gate;

  /** @param open makes the store ready; awaited before a token is looked at. */
  constructor(
    private readonly core: LogoutCore,
    private readonly open: () => Promise<void>,
    authenticator: RequestAuthenticator,
    throttle: Throttle,
    private readonly rules: OAuthRules,
  ) {
    const { backchannel, refusals, verifier } = core;
    const { callers, callerLimit } = rules;
    this.answers = new LogoutAnswers(MESSAGES.es, EXPIRED_STATUS, refusals);
    const namedTokens = {
      // No logout and no refresh comes by this gate.
      isBodyTokenOptional: false,
      mayRefresh: () => Promise.resolve(false),
      sessionOf: () => undefined,
    };
    this.gate = new Gate(
      authenticator,
      throttle,
      new RouteThrottle(throttle, namedTokens, callerLimit),
      this.answers,
      verifier.maxTokenBytes,
      {
        callers: callers && new IntrospectionCallers(callers),
        verifyLogoutToken: async (text) => {
          await open();
          return backchannel.verify(text);
        },
      },
    );
  }

  /** @throws {TypeError} there are no callers. */
  get introspect(): PlainRoute {
    if (this.rules.callers === undefined)
      throw misconfigured(
        'introspectionCallers',
        'a list of callers where introspect is used',
        'none',
        'List the resource servers that may ask, or serve no introspect.',
      );
    const { core, gate, answers, open } = this;
    const { introspect: route } = ROUTES;
    return new PlainRoute({ route, gate, answers }, async (admitted, { headers }) => {
      await open();
      return answerIntrospection(admitted, headers.accept, core, answers);
    });
  }

  /** @throws {TypeError} no issuer sends logout tokens. */
  get backchannelLogout(): PlainRoute {
    if (!this.rules.takesLogoutTokens)
      throw misconfigured(
        'backchannel',
        'set for an issuer where backchannelLogout is used',
        'none',
        'Set it to { clientIds }, our names at the issuer, or serve no backchannelLogout.',
      );
    const { core, gate, answers } = this;
    const { backchannelLogout: route } = ROUTES;
    return new PlainRoute({ route, gate, answers }, async ({ logoutToken, source }) => {
      await core.backchannel.run(logoutToken, source);
      return answers.answerEmpty({}, 200);
    });
  }
}
