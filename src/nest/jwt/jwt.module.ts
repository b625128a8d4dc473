import { Module, type DynamicModule } from '@nestjs/common';
import {
  JwtModule as NestJwtModule,
  JwtService as NestJwtService,
  type JwtModuleAsyncOptions,
  type JwtModuleOptions,
} from '@nestjs/jwt';
import { JwtService } from './jwt.service';

/**
 * The `JwtModule` of @nestjs/jwt, by the same options. Providers get our `JwtService`, whichever of
 * the two they inject. The application needs `LogoutModule`, in any of its modules.
 *
 * @example
 * JwtModule.register({ global: true, secret, signOptions: { expiresIn: '1h' } })
 */
@Module({
  providers: [JwtService, { provide: NestJwtService, useExisting: JwtService }],
  exports: [JwtService, NestJwtService],
})
export class JwtModule {
  static register(options: JwtModuleOptions): DynamicModule {
    return { ...NestJwtModule.register(options), module: JwtModule };
  }

  static registerAsync(options: JwtModuleAsyncOptions): DynamicModule {
    return { ...NestJwtModule.registerAsync(options), module: JwtModule };
  }
}
