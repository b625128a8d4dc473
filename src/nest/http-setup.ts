import { Injectable, Logger, type OnModuleInit, type Type } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, type AbstractHttpAdapter } from '@nestjs/core';
import { LogoutCore } from '../core/compose';
import { LogoutAnswers } from '../web/answers';
import { describeEnforcement, Enforcement } from '../web/enforcement';
import { Gate } from '../web/gate';
import type { PlatformRequest } from '../web/request';
import type { Route } from '../web/route';
import { lenientPath, methodsOf, ROUTES } from '../web/routes';
import { AuthOptions } from './auth.options';
import { DeferredAnswers } from './deferred-answers';
import { installOnExpress } from './gate.express';
import { installOnFastify } from './gate.fastify';
import { checkGated } from './gated.decorator';
import { installEnforcement } from './install-enforcement';
import { LogoutController } from './logout.controller';
import { OPTIONAL_CONTROLLERS } from './optional-routes';
import { PublicForHosts } from './public.decorator';
import { checkPrefix, RoutePlaces } from './route-paths';

const TABLE: readonly Route[] = Object.values(ROUTES);
const CONTROLLERS: readonly Type[] = [LogoutController, ...OPTIONAL_CONTROLLERS];

/** Puts enforcement and the gate into the host's HTTP application, and says so at boot. */
@Injectable()
export class HttpSetup implements OnModuleInit {
  private readonly logger = new Logger('nestjs-logout');
  private readonly deferred = new DeferredAnswers();
  private hasHttp = false;

  constructor(
    private readonly options: AuthOptions,
    private readonly core: LogoutCore,
    private readonly enforcement: Enforcement,
    private readonly gate: Gate,
    private readonly answers: LogoutAnswers,
    adapterHost: HttpAdapterHost,
    private readonly config: ApplicationConfig,
    private readonly places: RoutePlaces,
  ) {
    // Before `main.ts` puts anything on the adapter; in tests the adapter comes later than we.
    adapterHost.init$.subscribe(() => {
      const adapter = adapterHost.httpAdapter as AbstractHttpAdapter | null;
      // An application context, or a microservice alone: there are no HTTP requests.
      if (adapter !== null) this.install(adapter);
    });
  }

  /**
   * @throws {TypeError} the host's global prefix is a pattern, which the gate cannot stand before; or
   * a method of the controller is no entry of the table of routes.
   */
  onModuleInit(): void {
    checkPrefix(this.config);
    for (const controller of CONTROLLERS) checkGated(controller, TABLE);
    this.core.publishMetrics();
    for (const warning of this.core.warnings) this.logger.warn(warning);
    for (const notice of this.core.notices) this.logger.log(notice);
    const { enforce, enforcementRules, publicMetadata } = this.options;
    for (const controller of CONTROLLERS) PublicForHosts(publicMetadata)(controller);
    if (this.hasHttp) this.logger.log(describeEnforcement(enforce, enforcementRules));
  }

  private install(adapter: AbstractHttpAdapter): void {
    this.hasHttp = true;
    if (this.options.enforce === 'everywhere')
      installEnforcement(
        adapter,
        this.enforcement,
        this.answers,
        (request) => this.isOurs(request),
        this.deferred,
      );
    const install = adapter.getType() === 'fastify' ? installOnFastify : installOnExpress;
    install(adapter, this.gate, this.places, this.deferred);
  }

  /** In the very spelling of the table: what a lenient router reads otherwise may be the host's. */
  private isOurs({ url, method }: PlatformRequest): boolean {
    if (!this.places.mayServe(url) || lenientPath(url) !== url) return false;
    return this.places.routesAt(url).some((route) => methodsOf(route).includes(method));
  }
}
