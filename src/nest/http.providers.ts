import { Logger, type Provider } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuditLog } from '../audit/audit-log';
import { LogoutCore } from '../core/compose';
import { SessionTermination } from '../logout/session-terminator';
import { RefusalCounts } from '../metrics/refusal-counts';
import { RevokedTokensService } from '../revocation/revoked-tokens.service';
import { LogoutAnswers } from '../web/answers';
import { BearerCookies } from '../web/bearer-cookies';
import { Enforcement } from '../web/enforcement';
import { Gate } from '../web/gate';
import { RequestAuthenticator } from '../web/request-authenticator';
import { Throttle } from '../web/throttle';
import { AuthOptions } from './auth.options';
import { UpgradeRequests } from './contexts/sockets';
import { GateGuard } from './gate.guard';
import { HttpSetup } from './http-setup';
import { JwtAuthGuard } from './jwt-auth.guard';
import { JwtStrategy } from './jwt.strategy';
import { LogoutApplication } from './logout-application';
import { namedTokens } from './logout.dto';
import { LogoutExceptionFilter } from './logout-exception.filter';
import { LogoutEffects } from './logout-effects';
import { LogoutThrottlerGuard } from './logout-throttler.guard';
import { PublicRoutes } from './public-routes';
import { CHECKED_OPTIONS, RegistrationCheck } from './registration-check';

const logger = new Logger('nestjs-logout');
const report = (error: unknown): void => {
  logger.error(error);
};

/** From a request to the core, and back to an answer. */
export const HTTP_PROVIDERS: Provider[] = [
  {
    provide: LogoutAnswers,
    useFactory: ({ messages, expiredStatus }: AuthOptions, refusals: RefusalCounts) =>
      new LogoutAnswers(messages, expiredStatus, refusals),
    inject: [AuthOptions, RefusalCounts],
  },
  {
    provide: RequestAuthenticator,
    useFactory: (tokens: RevokedTokensService, { validate, enforcementRules }: AuthOptions) =>
      new RequestAuthenticator(tokens, validate, new BearerCookies(enforcementRules)),
    inject: [RevokedTokensService, AuthOptions],
  },
  {
    provide: Enforcement,
    useFactory: (
      tokens: RevokedTokensService,
      authenticator: RequestAuthenticator,
      { enforcementRules }: AuthOptions,
      { removals }: LogoutCore,
    ) => new Enforcement(tokens, authenticator, enforcementRules, removals),
    inject: [RevokedTokensService, RequestAuthenticator, AuthOptions, LogoutCore],
  },
  {
    provide: Throttle,
    useFactory: (options: AuthOptions, audit: AuditLog) =>
      new Throttle(options.requestCounter, options.throttleRules, audit, report),
    inject: [AuthOptions, AuditLog],
  },
  {
    provide: Gate,
    useFactory: (
      authenticator: RequestAuthenticator,
      throttle: Throttle,
      answers: LogoutAnswers,
      { logoutRules }: AuthOptions,
      { verifier, logout }: LogoutCore,
    ) =>
      new Gate(
        authenticator,
        throttle,
        answers,
        logoutRules,
        report,
        verifier.maxTokenBytes,
        (bearer, body) => logout.takesRefresh(bearer, namedTokens(body).refreshToken),
      ),
    inject: [RequestAuthenticator, Throttle, LogoutAnswers, AuthOptions, LogoutCore],
  },
  {
    provide: LogoutEffects,
    useFactory: (options: AuthOptions, answers: LogoutAnswers, audit: AuditLog) =>
      new LogoutEffects(
        new SessionTermination(options.sessionTerminators, audit, report),
        answers,
        options.expiredCookies,
        options.clearSiteData,
      ),
    inject: [AuthOptions, LogoutAnswers, AuditLog],
  },
  HttpSetup,
  LogoutApplication,
  JwtStrategy,
  { provide: CHECKED_OPTIONS, useExisting: AuthOptions },
  RegistrationCheck,
  GateGuard,
  {
    provide: PublicRoutes,
    useFactory: (reflector: Reflector, { publicMetadata }: AuthOptions) =>
      new PublicRoutes(reflector, publicMetadata),
    inject: [Reflector, AuthOptions],
  },
  UpgradeRequests,
  JwtAuthGuard,
  LogoutThrottlerGuard,
  LogoutExceptionFilter,
];
