import {
  ConfigurableModuleBuilder,
  Logger,
  Module,
  type Abstract,
  type OnApplicationShutdown,
  type Provider,
  type Type,
} from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { AuditLog, type AuditPrinter } from '../audit/audit-log';
import { LogoutCore } from '../core/compose';
import { LiveConnections } from '../live/live-connections';
import { Logout } from '../logout/logout';
import { RefusalCounts } from '../metrics/refusal-counts';
import type { RefusalPrinter } from '../revocation/refusal-log';
import { RevocationStore } from '../revocation/revocation-store';
import { BulkRevocation } from '../revocation/bulk-revocation';
import { RevokedTokensService } from '../revocation/revoked-tokens.service';
import { OwnSessions } from '../sessions/own-sessions';
import { SessionsService } from '../sessions/sessions.service';
import { copiesLoaded } from '../options/copies';
import { readOptions } from '../options/option';
import { LogoutAnswers } from '../web/answers';
import { RequestAuthenticator } from '../web/request-authenticator';
import { Throttle } from '../web/throttle';
import {
  AuthOptions,
  MODULE_EXTRAS,
  type AuthModuleOptions,
  type MultiIssuerOptions,
  type ModuleExtras,
} from './auth.options';
import { HTTP_PROVIDERS } from './http.providers';
import { PATH } from './route-paths';
import { JwtAuthGuard } from './jwt-auth.guard';
import { LiveAdmission } from './live/live-admission';
import { LogoutController } from './logout.controller';
import { LogoutExceptionFilter } from './logout-exception.filter';
import { LogoutThrottlerGuard } from './logout-throttler.guard';
import { OPTIONAL_CONTROLLERS } from './optional-routes';
import { PublicRoutes } from './public-routes';
import { CHECKED_MODULE } from './registration-check';

const logger = new Logger('nestjs-logout');

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<
  AuthModuleOptions | MultiIssuerOptions
>({ moduleName: 'Auth' })
  .setClassMethodName('forRoot')
  .setExtras<ModuleExtras>(readOptions(MODULE_EXTRAS, {}), (definition, extras) => {
    const { path, isGlobal } = readOptions(MODULE_EXTRAS, extras);
    const { module, imports = [], providers = [] } = definition;
    // Before Nest says in its own terms that it does not know a class of another copy.
    const copies = copiesLoaded();
    if (copies !== undefined) logger.warn(copies);
    return {
      ...definition,
      global: isGlobal,
      imports: [...imports, RouterModule.register([{ path, module }])],
      providers: [
        ...providers,
        { provide: PATH, useValue: path },
        { provide: CHECKED_MODULE, useValue: module },
      ],
    };
  })
  .build();

/** In production a client that sends what it should not is no warning. */
const printRefusal: RefusalPrinter = (line) => {
  if (process.env.NODE_ENV === 'production') logger.debug(line);
  else logger.warn(line);
};
const printAudit: AuditPrinter = (line, outcome) => {
  if (outcome === 'success') logger.log(line);
  else logger.warn(line);
};

const printNotice = (line: string): void => {
  logger.log(line);
};
const onError = (error: unknown): void => {
  logger.error(error);
};

/** A provider that is a part of the core. */
const part = (
  provide: Type | Abstract<unknown>,
  read: (core: LogoutCore) => unknown,
): Provider => ({ provide, useFactory: read, inject: [LogoutCore] });

/** From the host's options to the core: sync and async meet at the first line. */
const core: Provider[] = [
  {
    provide: AuthOptions,
    useFactory: (options: AuthModuleOptions | MultiIssuerOptions) => new AuthOptions(options),
    inject: [MODULE_OPTIONS_TOKEN],
  },
  {
    provide: LogoutCore,
    useFactory: async (options: AuthOptions) => {
      const { tokenRules, store, logoutRules, sessions, liveGraceMs, meterProvider } = options;
      const prints = { printAudit, printRefusal, printNotice, onError };
      const rules = { tokenRules, store, logoutRules, sessions, liveGraceMs, meterProvider };
      const composed = new LogoutCore({ ...rules, ...prints });
      await composed.open();
      return composed;
    },
    inject: [AuthOptions],
  },
  part(RevocationStore, ({ store }) => store),
  part(AuditLog, ({ audit }) => audit),
  part(RevokedTokensService, ({ tokens }) => tokens),
  part(BulkRevocation, ({ bulk }) => bulk),
  part(SessionsService, ({ sessions }) => sessions),
  part(OwnSessions, ({ ownSessions }) => ownSessions),
  part(LiveConnections, ({ live }) => live),
  part(Logout, ({ logout }) => logout),
  part(RefusalCounts, ({ refusals }) => refusals),
];

/**
 * Adds `POST <path>/logout`, with the option `sessions` the routes of sessions, with `backchannel` that
 * for logouts of an identity provider, a guard that refuses revoked tokens, and the audit. Registers nothing global; beside the host's own login, strategies,
 * throttler and users.
 *
 * @example
 * AuthModule.forRootAsync({
 *   inject: [DataSource],
 *   useFactory: (dataSource: DataSource) => ({
 *     algorithms: ['HS256'],
 *     keys: process.env.JWT_SECRET ?? '',
 *     issuer: 'https://login.example',
 *     audience: 'https://api.example',
 *     store: new PostgresRevocationStore(dataSource),
 *   }),
 * })
 */
@Module({
  controllers: [LogoutController, ...OPTIONAL_CONTROLLERS],
  providers: [...core, ...HTTP_PROVIDERS],
  exports: [
    AuditLog,
    LogoutAnswers,
    JwtAuthGuard,
    LogoutExceptionFilter,
    LogoutThrottlerGuard,
    PublicRoutes,
    RequestAuthenticator,
    RevocationStore,
    RevokedTokensService,
    BulkRevocation,
    LiveAdmission,
    LiveConnections,
    SessionsService,
    Throttle,
  ],
})
export class AuthModule extends ConfigurableModuleClass implements OnApplicationShutdown {
  constructor(private readonly core: LogoutCore) {
    super();
  }

  /** After the last request was answered: writes what the audit still holds, closes the store. */
  onApplicationShutdown(): Promise<void> {
    return this.core.close();
  }
}
