import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { LogoutExceptionFilter } from '../nest/logout-exception.filter';
import { RevokedTokensService } from '../revocation/revoked-tokens.service';
import { LogoutAnswers } from '../web/answers';
import { HealthController } from './health.controller';
import { ServiceMetrics } from './metrics';
import { MetricsController } from './metrics.controller';

/**
 * What operators ask: a part of the service, or an application of its own on its own port. It takes
 * `RevokedTokensService` from the application that it is a part of.
 */
@Module({ controllers: [HealthController, MetricsController] })
export class OperationsModule {
  static from(metrics: ServiceMetrics): DynamicModule {
    return {
      module: OperationsModule,
      providers: [{ provide: ServiceMetrics, useValue: metrics }],
    };
  }
}

/** The operations as an application. */
@Module({
  providers: [LogoutExceptionFilter, { provide: APP_FILTER, useExisting: LogoutExceptionFilter }],
})
export class OperationsApp {
  /** @param tokens those of the service. */
  static from(
    operations: DynamicModule,
    answers: LogoutAnswers,
    tokens: RevokedTokensService,
  ): DynamicModule {
    const service = { provide: RevokedTokensService, useValue: tokens };
    const { providers = [] } = operations;
    return {
      module: OperationsApp,
      imports: [{ ...operations, providers: [...providers, service] }],
      providers: [{ provide: LogoutAnswers, useValue: answers }],
    };
  }
}
