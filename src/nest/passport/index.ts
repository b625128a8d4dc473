/** `nestjs-logout/passport`: the names of passport-jwt, which it needs. */
import './required-packages'; // before all that loads them
export { ExtractJwt } from 'passport-jwt';
export type {
  JwtFromRequestFunction,
  SecretOrKeyProvider,
  StrategyOptions,
  StrategyOptionsWithoutRequest,
  StrategyOptionsWithRequest,
  VerifiedCallback,
  VerifyCallback,
  VerifyCallbackWithRequest,
} from 'passport-jwt';
export { Strategy } from './strategy';
