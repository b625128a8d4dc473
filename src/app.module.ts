import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AuthModule } from './auth.module';
import { LogoutExceptionFilter } from './http/logout-exception.filter';
import type { RevocationStore } from './revocation/revocation-store';
import type { ServiceSettings } from './service/environment';
import { HealthController } from './service/health.controller';
import { MeController } from './service/me.controller';

/** The service: `AuthModule`, with health and a protected route beside it. */
@Module({
  controllers: [MeController, HealthController],
  // The whole application is ours, so every answer of it comes in our envelope, 404 included.
  providers: [{ provide: APP_FILTER, useExisting: LogoutExceptionFilter }],
})
export class AppModule {
  static from(settings: ServiceSettings, store: RevocationStore): DynamicModule {
    const auth = AuthModule.forRoot({
      algorithms: settings.algorithms,
      keys: settings.key,
      issuer: settings.issuer,
      audience: settings.audience,
      clockToleranceSeconds: settings.clockToleranceSeconds,
      maxLifetimeSeconds: settings.maxLifetimeSeconds,
      expiredStatus: settings.expiredStatus,
      messages: settings.messages,
      throttleLimit: settings.throttleLimit,
      throttleTtlMs: settings.throttleTtlMs,
      store,
    });
    return { module: AppModule, imports: [auth] };
  }
}
