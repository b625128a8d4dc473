/**
 * Nest's documentation, "Passport (auth)", with its secret as a string. No revocation.
 * https://docs.nestjs.com/recipes/passport#implementing-passport-jwt
 */
import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { ME, serve, setting } from './serve';

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      ignoreExpiration: false,
      secretOrKey: setting('JWT_SECRET'),
    });
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as the documentation has it
  async validate(payload: { sub: string; username: string }): Promise<object> {
    return { userId: payload.sub, username: payload.username };
  }
}

@Injectable()
class JwtAuthGuard extends AuthGuard('jwt') {}

@Controller()
class MeController {
  @UseGuards(JwtAuthGuard)
  @Get('me')
  me(): object {
    return ME;
  }
}

@Module({ imports: [PassportModule], controllers: [MeController], providers: [JwtStrategy] })
class AppModule {}

void serve(AppModule);
