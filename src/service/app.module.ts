import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AuthModule } from '../nest/auth.module';
import { LogoutExceptionFilter } from '../nest/logout-exception.filter';
import type { RevocationStore } from '../revocation/revocation-store';
import type { ServiceSettings } from './environment';
import { HealthController } from './health.controller';
import { MeController } from './me.controller';
import { ServiceMetrics } from './metrics';
import { MetricsController } from './metrics.controller';

/** The service: `AuthModule`, with health, metrics and a protected route beside it. */
@Module({
  controllers: [MeController, HealthController, MetricsController],
  // The whole application is ours, so every answer of it comes in our envelope, 404 included.
  providers: [{ provide: APP_FILTER, useExisting: LogoutExceptionFilter }],
})
export class AppModule {
  static from(settings: ServiceSettings, store: RevocationStore): DynamicModule {
    const metrics = new ServiceMetrics();
    const auth = AuthModule.forRoot({
      ...settings.module,
      keys: settings.key,
      store,
      meterProvider: metrics.provider,
    });
    return {
      module: AppModule,
      imports: [auth],
      providers: [{ provide: ServiceMetrics, useValue: metrics }],
    };
  }
}
