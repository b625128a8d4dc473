import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { LogoutExceptionFilter } from '../nest/logout-exception.filter';
import { RevocationStore } from '../revocation/revocation-store';
import { LogoutAnswers } from '../web/answers';
import { HealthController } from './health.controller';
import { ServiceMetrics } from './metrics';
import { MetricsController } from './metrics.controller';

/** What operators ask: a part of the service, or an application of its own on its own port. */
@Module({ controllers: [HealthController, MetricsController] })
export class OperationsModule {
  static from(store: RevocationStore, metrics: ServiceMetrics): DynamicModule {
    return {
      module: OperationsModule,
      providers: [
        { provide: RevocationStore, useValue: store },
        { provide: ServiceMetrics, useValue: metrics },
      ],
    };
  }
}

/** The operations as an application. */
@Module({
  providers: [LogoutExceptionFilter, { provide: APP_FILTER, useExisting: LogoutExceptionFilter }],
})
export class OperationsApp {
  static from(operations: DynamicModule, answers: LogoutAnswers): DynamicModule {
    return {
      module: OperationsApp,
      imports: [operations],
      providers: [{ provide: LogoutAnswers, useValue: answers }],
    };
  }
}
