import { Logger, type Provider } from '@nestjs/common';
import { ApplicationConfig, Reflector } from '@nestjs/core';
import { AuditLog } from '../audit/audit-log';
import { LogoutCore } from '../core/compose';
import { IntrospectionCallers } from '../introspection/introspection-callers';
import { SessionTermination } from '../logout/session-terminator';
import { RefusalCounts } from '../metrics/refusal-counts';
import { RevokedTokensService } from '../revocation/revoked-tokens.service';
import { EXPIRED_REFRESH_COOKIE } from '../sessions/refresh-cookie';
import { SessionsService } from '../sessions/sessions.service';
import { LogoutAnswers } from '../web/answers';
import { BearerCookies } from '../web/bearer-cookies';
import { Enforcement } from '../web/enforcement';
import { Gate } from '../web/gate';
import { OwnPages } from '../web/own-pages';
import { RefreshTokenCookie } from '../web/refresh-token-cookie';
import { RequestAuthenticator } from '../web/request-authenticator';
import type { Route } from '../web/route';
import { RouteThrottle } from '../web/route-throttle';
import { ROUTES, routesFor } from '../web/routes';
import { metadataRouteOf, ServerMetadata } from '../web/server-metadata';
import { Throttle } from '../web/throttle';
import { AuthOptions } from './auth.options';
import { UpgradeRequests } from './contexts/sockets';
import { GateGuard } from './gate.guard';
import { HttpSetup } from './http-setup';
import { JwtAuthGuard } from './jwt-auth.guard';
import { JwtStrategy } from './jwt.strategy';
import { LiveAdmission } from './live/live-admission';
import { LogoutApplication } from './logout-application';
import { namedTokens } from './logout.dto';
import { LogoutExceptionFilter } from './logout-exception.filter';
import { LogoutEffects } from './logout-effects';
import { LogoutThrottlerGuard } from './logout-throttler.guard';
import { needsMetBy, OptionalRoutes } from './optional-routes';
import { PublicRoutes } from './public-routes';
import { RefreshTokenReader } from './refresh-token-reader';
import { PATH, RoutePlaces } from './route-paths';
import { CHECKED_OPTIONS, RegistrationCheck } from './registration-check';

const logger = new Logger('nestjs-logout');
const report = (error: unknown): void => {
  logger.error(error);
};

/** The route of our metadata, where there is any. */
const METADATA_ROUTE = Symbol('nestjs-logout:metadata-route');

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
    provide: RefreshTokenReader,
    useFactory: ({ useCookie }: SessionsService, { enforcementRules }: AuthOptions) => {
      const ownPages = new OwnPages(enforcementRules.allowedOrigins);
      return new RefreshTokenReader(useCookie ? new RefreshTokenCookie(ownPages) : undefined);
    },
    inject: [SessionsService, AuthOptions],
  },
  {
    provide: RouteThrottle,
    useFactory: (
      throttle: Throttle,
      { logoutRules, introspectionLimit }: AuthOptions,
      { logout, sessions }: LogoutCore,
      reader: RefreshTokenReader,
    ) =>
      new RouteThrottle(
        throttle,
        {
          isBodyTokenOptional: logoutRules.isBodyTokenOptional,
          mayRefresh: (bearer, body) => logout.takesRefresh(bearer, namedTokens(body).refreshToken),
          sessionOf: (request, route, body) =>
            sessions.nameOf(
              route === ROUTES.revoke ? namedTokens(body).token : reader.textOf(request, body),
            ),
        },
        introspectionLimit,
      ),
    inject: [Throttle, AuthOptions, LogoutCore, RefreshTokenReader],
  },
  {
    provide: METADATA_ROUTE,
    useFactory: (options: AuthOptions) =>
      metadataRouteOf(options.sessions?.issuer, needsMetBy(options)),
    inject: [AuthOptions],
  },
  {
    provide: RoutePlaces,
    useFactory: (
      options: AuthOptions,
      metadata: Route | undefined,
      config: ApplicationConfig,
      path: string,
    ) => {
      const routes = [...routesFor(needsMetBy(options)), ...(metadata ? [metadata] : [])];
      return new RoutePlaces(routes, config, path);
    },
    inject: [AuthOptions, METADATA_ROUTE, ApplicationConfig, PATH],
  },
  {
    provide: ServerMetadata,
    useFactory: (options: AuthOptions, route: Route | undefined, places: RoutePlaces) =>
      options.sessions &&
      route &&
      new ServerMetadata(route, options.sessions, needsMetBy(options), (each) =>
        places.pathOf(each),
      ),
    inject: [AuthOptions, METADATA_ROUTE, RoutePlaces],
  },
  {
    provide: Gate,
    useFactory: (
      authenticator: RequestAuthenticator,
      throttle: Throttle,
      limits: RouteThrottle,
      answers: LogoutAnswers,
      { verifier: { maxTokenBytes }, backchannel }: LogoutCore,
      { introspectionCallers: known }: AuthOptions,
      metadata: ServerMetadata | undefined,
    ) => {
      const optional = {
        metadata,
        callers: known && new IntrospectionCallers(known),
        verifyLogoutToken: (text: string) => backchannel.verify(text),
      };
      return new Gate(authenticator, throttle, limits, answers, maxTokenBytes, optional);
    },
    inject: [
      RequestAuthenticator,
      Throttle,
      RouteThrottle,
      LogoutAnswers,
      LogoutCore,
      AuthOptions,
      ServerMetadata,
    ],
  },
  {
    provide: LogoutEffects,
    useFactory: (
      options: AuthOptions,
      answers: LogoutAnswers,
      audit: AuditLog,
      { useCookie }: SessionsService,
    ) =>
      new LogoutEffects(
        new SessionTermination(options.sessionTerminators, audit, report),
        answers,
        [...options.expiredCookies, ...(useCookie ? [EXPIRED_REFRESH_COOKIE] : [])],
        options.clearSiteData,
      ),
    inject: [AuthOptions, LogoutAnswers, AuditLog, SessionsService],
  },
  OptionalRoutes,
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
  LiveAdmission,
  JwtAuthGuard,
  LogoutThrottlerGuard,
  LogoutExceptionFilter,
];
