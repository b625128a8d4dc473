import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AuthModule } from '../nest/auth.module';
import { LogoutExceptionFilter } from '../nest/logout-exception.filter';
import type { RevocationStore } from '../revocation/revocation-store';
import type { Environment } from './environment';
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
    settings: Environment,
    store: RevocationStore,
    { provider: meterProvider }: ServiceMetrics,
    ...others: readonly DynamicModule[]
  ): DynamicModule {
    const { module: rules, key } = settings;
    const common = { store, meterProvider, isGlobal: true };
    const auth = AuthModule.forRoot(
      rules.issuers === undefined && key !== undefined
        ? { ...rules, ...common, keys: key }
        : { ...rules, ...common },
    );
    return { module: AppModule, imports: [auth, ...others] };
  }
}
