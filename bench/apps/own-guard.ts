/**
 * A host with its own passport-jwt strategy and guard, which know nothing of this package: with
 * `ENFORCE=everywhere` beside our module, otherwise without it.
 */
import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { DataSource } from 'typeorm';
import { AuthModule } from '../../src';
import { PostgresRevocationStore } from '../../src/postgres';
import { AUDIENCE, ISSUER } from '../tokens';
import { ME, serve, setting } from './serve';
import { verifyingKey } from './verifying-key';

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      ignoreExpiration: false,
      secretOrKey: verifyingKey(),
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

const isEnforced = process.env.ENFORCE === 'everywhere';

const logout = () =>
  AuthModule.forRoot({
    algorithms: ['HS256'],
    keys: setting('JWT_SECRET'),
    issuer: ISSUER,
    audience: AUDIENCE,
    store: new PostgresRevocationStore(
      new DataSource({ type: 'postgres', url: setting('DATABASE_URL') }),
    ),
  });

@Module({
  imports: [PassportModule, ...(isEnforced ? [logout()] : [])],
  controllers: [MeController],
  providers: [JwtStrategy],
})
class AppModule {}

void serve(AppModule, isEnforced ? { logoutPath: '/api/v1/auth/logout' } : {});
