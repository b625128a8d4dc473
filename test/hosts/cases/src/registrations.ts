import { Injectable, Module, Scope, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthModule } from 'nestjs-logout';
import { MemoryRevocationStore } from 'nestjs-logout/memory';
import { logoutInMemory, rules } from './logout.js';

@Module({ imports: [logoutInMemory()] })
class FeatureModule {}

@Module({ imports: [logoutInMemory(), FeatureModule] })
class TwiceModule {}

const realm = (path: string) =>
  AuthModule.forRoot({ ...rules, path, store: new MemoryRevocationStore() });

@Module({ imports: [realm('customers/auth'), realm('staff/auth')] })
class RealmsModule {}

@Injectable({ scope: Scope.REQUEST })
class Tenant {}

@Module({ providers: [Tenant], exports: [Tenant] })
class TenantModule {}

@Module({
  imports: [
    AuthModule.forRootAsync({
      imports: [TenantModule],
      inject: [Tenant],
      useFactory: (_tenant: Tenant) => ({ ...rules, store: new MemoryRevocationStore() }),
    }),
  ],
})
class RequestScopedModule {}

/** What becomes of each, as JSON. */
const outcomes: Record<string, string> = {};
for (const module of [TwiceModule, RealmsModule, RequestScopedModule])
  outcomes[module.name] = await outcomeOf(module);
console.log(JSON.stringify(outcomes));

async function outcomeOf(module: Type): Promise<string> {
  try {
    const app = await NestFactory.create(module, { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    await app.close();
    return 'starts';
  } catch (error) {
    return String(error);
  }
}
