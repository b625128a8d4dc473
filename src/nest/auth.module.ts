import {
  ConfigurableModuleBuilder,
  Inject,
  Logger,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import {
  ApplicationConfig,
  HttpAdapterHost,
  RouterModule,
  type AbstractHttpAdapter,
} from '@nestjs/core';
import { ThrottlerStorageService } from '@nestjs/throttler';
import { AuditLog } from '../audit/audit-log';
import { AuthOptions, readPath, type AuthModuleOptions } from './auth.options';
import { Contract } from '../web/answers';
import { Gate } from '../web/gate';
import { installOnExpress } from './gate.express';
import { Farewell } from './logout-response';
import { installOnFastify } from './gate.fastify';
import { GateGuard } from './gate.guard';
import { checkGated } from './gated.decorator';
import { describeEnforcement, Enforcement } from '../web/enforcement';
import { installEnforcement } from './install-enforcement';
import { JwtAuthGuard } from './jwt-auth.guard';
import { JwtStrategy } from './jwt.strategy';
import { LogoutController } from './logout.controller';
import { LogoutExceptionFilter } from './logout-exception.filter';
import { checkPrefix, RoutePlaces } from './route-paths';
import { LogoutThrottlerGuard } from './logout-throttler.guard';
import { RequestAuthenticator } from '../web/request-authenticator';
import { lenientPath, ROUTES, type Route } from '../web/routes';
import { CHECKED_MODULE, CHECKED_OPTIONS, RegistrationCheck } from './registration-check';
import { Throttle } from '../web/throttle';
import { LogoutMetrics } from '../metrics/logout-metrics';
import { RefusalCounts } from '../metrics/refusal-counts';
import { Logout } from '../logout/logout';
import { RevocationStore } from '../revocation/revocation-store';
import { RevokedTokensService } from '../revocation/revoked-tokens.service';
import { SessionTermination } from '../logout/session-terminator';
import { TokenVerifier } from '../tokens/verification/token-verifier';

const TABLE: readonly Route[] = Object.values(ROUTES);

/** Where the routes stand; known before the options of `forRootAsync` are. */
const PATH = Symbol('nestjs-logout:path');

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<AuthModuleOptions>({ moduleName: 'Auth' })
    .setClassMethodName('forRoot')
    .setExtras(
      {
        /** Whether guards and services are known to every module of the host. */
        isGlobal: false,
        /** Where our routes stand, below the host's global prefix. */
        path: 'api/v1/auth',
      },
      (definition, { isGlobal, path }) => ({
        ...definition,
        global: isGlobal,
        imports: [
          ...(definition.imports ?? []),
          RouterModule.register([{ path: readPath(path), module: definition.module }]),
        ],
        providers: [
          ...(definition.providers ?? []),
          { provide: PATH, useValue: readPath(path) },
          { provide: CHECKED_MODULE, useValue: definition.module },
        ],
      }),
    )
    .build();

const logger = new Logger('nestjs-logout');
const report = (error: unknown): void => {
  logger.error(error);
};

/** From the host's options to the core: sync and async meet at the first line. */
const core: Provider[] = [
  {
    provide: AuthOptions,
    useFactory: (options: AuthModuleOptions) => new AuthOptions(options),
    inject: [MODULE_OPTIONS_TOKEN],
  },
  {
    provide: TokenVerifier,
    useFactory: ({ tokenRules, store }: AuthOptions) =>
      new TokenVerifier(tokenRules, () => store.clock.now()),
    inject: [AuthOptions],
  },
  {
    provide: RevocationStore,
    useFactory: async ({ store }: AuthOptions) => {
      await store.open();
      return store;
    },
    // The verifier first: a bad key stops the boot before anything is opened.
    inject: [AuthOptions, TokenVerifier],
  },
  {
    provide: AuditLog,
    useFactory: (store: RevocationStore) =>
      new AuditLog(store.audit, (line, outcome) => {
        if (outcome === 'success') logger.log(line);
        else logger.warn(line);
      }),
    inject: [RevocationStore],
  },
  {
    provide: RevokedTokensService,
    useFactory: (verifier: TokenVerifier, store: RevocationStore, audit: AuditLog) =>
      new RevokedTokensService(verifier, store, audit),
    inject: [TokenVerifier, RevocationStore, AuditLog],
  },
  {
    provide: Logout,
    useFactory: (tokens: RevokedTokensService, audit: AuditLog, options: AuthOptions) =>
      new Logout(tokens, audit, {
        isBodyTokenOptional: options.bodyToken === 'optional',
        isRepeatable: options.repeatedLogoutStatus === 200,
      }),
    inject: [RevokedTokensService, AuditLog, AuthOptions],
  },
  RefusalCounts,
  {
    provide: LogoutMetrics,
    useFactory: (store: RevocationStore, refusals: RefusalCounts, options: AuthOptions) =>
      new LogoutMetrics(store, refusals, options.meterProvider),
    inject: [RevocationStore, RefusalCounts, AuthOptions],
  },
];

/** From a request to the core, and back to an answer. */
const http: Provider[] = [
  {
    provide: Contract,
    useFactory: ({ messages, expiredStatus }: AuthOptions, refusals: RefusalCounts) =>
      new Contract(messages, expiredStatus, refusals),
    inject: [AuthOptions, RefusalCounts],
  },
  {
    provide: RequestAuthenticator,
    useFactory: (tokens: RevokedTokensService, { validate }: AuthOptions) =>
      new RequestAuthenticator(tokens, validate),
    inject: [RevokedTokensService, AuthOptions],
  },
  {
    provide: Enforcement,
    useFactory: (
      tokens: RevokedTokensService,
      authenticator: RequestAuthenticator,
      { enforcementRules }: AuthOptions,
    ) => new Enforcement(tokens, authenticator, enforcementRules),
    inject: [RevokedTokensService, RequestAuthenticator, AuthOptions],
  },
  {
    provide: Throttle,
    useFactory: (options: AuthOptions, own: ThrottlerStorageService, audit: AuditLog) =>
      new Throttle(
        options.throttlerStorage ?? own,
        { limit: options.throttleLimit, windowMs: options.throttleTtlMs },
        audit,
        report,
      ),
    inject: [AuthOptions, ThrottlerStorageService, AuditLog],
  },
  {
    provide: Gate,
    useFactory: (
      authenticator: RequestAuthenticator,
      throttle: Throttle,
      contract: Contract,
      audit: AuditLog,
    ) => new Gate(authenticator, throttle, contract, audit, report),
    inject: [RequestAuthenticator, Throttle, Contract, AuditLog],
  },
  {
    provide: Farewell,
    useFactory: (options: AuthOptions, contract: Contract, audit: AuditLog) =>
      new Farewell(
        new SessionTermination(options.sessionTerminators, audit, report),
        contract,
        options.expiredCookies,
        options.clearSiteData,
      ),
    inject: [AuthOptions, Contract, AuditLog],
  },
  ThrottlerStorageService,
  JwtStrategy,
  { provide: CHECKED_OPTIONS, useExisting: AuthOptions },
  RegistrationCheck,
  GateGuard,
  JwtAuthGuard,
  LogoutThrottlerGuard,
  LogoutExceptionFilter,
];

/**
 * Adds `POST <path>/logout`, a guard that refuses revoked tokens, and the audit. Registers nothing
 * global; beside the host's own login, strategies, throttler and users.
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
  controllers: [LogoutController],
  providers: [...core, ...http],
  exports: [
    AuditLog,
    Contract,
    JwtAuthGuard,
    LogoutExceptionFilter,
    LogoutThrottlerGuard,
    RequestAuthenticator,
    RevocationStore,
    RevokedTokensService,
    Throttle,
  ],
})
export class AuthModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnApplicationShutdown
{
  constructor(
    gate: Gate,
    enforcement: Enforcement,
    contract: Contract,
    private readonly options: AuthOptions,
    private readonly adapterHost: HttpAdapterHost,
    private readonly config: ApplicationConfig,
    @Inject(PATH) path: string,
    private readonly audit: AuditLog,
    private readonly store: RevocationStore,
    private readonly metrics: LogoutMetrics,
  ) {
    super();
    // Before the application registers its body parser; in tests the adapter comes later than we.
    adapterHost.init$.subscribe(() => {
      const adapter = adapterHost.httpAdapter as AbstractHttpAdapter | null;
      // An application context, or a microservice alone: there are no HTTP requests.
      if (adapter === null) return;
      const places = new RoutePlaces(TABLE, config, path);
      if (options.enforce === 'everywhere')
        installEnforcement(
          adapter,
          enforcement,
          contract,
          report,
          ({ url }) => places.mayServe(url) && places.routesAt(lenientPath(url)).length > 0,
        );
      const install = adapter.getType() === 'fastify' ? installOnFastify : installOnExpress;
      install(adapter, gate, places);
    });
  }

  /** @throws {TypeError} the host's global prefix is a pattern, which the gate cannot stand before; or
   * a method of the controller is no entry of the table of routes. */
  onModuleInit(): void {
    checkPrefix(this.config);
    checkGated(LogoutController, TABLE);
    this.metrics.register();
    if (this.hasHttp)
      logger.log(describeEnforcement(this.options.enforce, this.options.enforcementRules));
  }

  /** After the last request was answered: writes what the audit still holds, closes the store. */
  async onApplicationShutdown(): Promise<void> {
    this.metrics.unregister();
    await this.audit.close();
    await this.store.close();
  }
}
