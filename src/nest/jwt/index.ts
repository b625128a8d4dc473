/** `nestjs-logout/jwt`: the names of @nestjs/jwt, which it needs, for tokens that can be logged out. */
import './required-packages'; // before all that loads them
export {
  JsonWebTokenError,
  JwtSecretRequestType,
  NotBeforeError,
  TokenExpiredError,
  WrongSecretProviderError,
} from '@nestjs/jwt';
export type {
  GetSecretKeyResult,
  JwtModuleAsyncOptions,
  JwtModuleOptions,
  JwtOptionsFactory,
  JwtSignOptions,
  JwtVerifyOptions,
} from '@nestjs/jwt';
export { JwtModule } from './jwt.module';
export { JwtService } from './jwt.service';
export type { TokenPair, TokenPairOptions } from './jwt.service';
