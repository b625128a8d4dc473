import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AuthModule } from '../nest/auth.module';
import { LogoutExceptionFilter } from '../nest/logout-exception.filter';
import type { RevocationStore } from '../revocation/revocation-store';
import type { ServiceSettings } from './environment';
import { MeController } from './me.controller';
import type { ServiceMetrics } from './metrics';

/** The service: `AuthModule`, with a protected route beside it. */
@Module({
  controllers: [MeController],
  // The whole application is ours, so every answer of it comes in our envelope, 404 included.
  providers: [{ provide: APP_FILTER, useExisting: LogoutExceptionFilter }],
})
export class AppModule {
  /** @param others what else is served on the same port. */
  static from(
    settings: ServiceSettings,
    store: RevocationStore,
    { provider: meterProvider }: ServiceMetrics,
    ...others: readonly DynamicModule[]
  ): DynamicModule {
    const auth = AuthModule.forRoot({
      ...settings.module,
      keys: settings.key,
      store,
      meterProvider,
      isGlobal: true,
    });
    return { module: AppModule, imports: [auth, ...others] };
  }
}
