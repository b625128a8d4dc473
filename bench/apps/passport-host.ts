/** A host with its own passport-jwt strategy and guard, which know nothing of this package. */
import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { ME } from './serve';
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

@Module({ imports: [PassportModule], controllers: [MeController], providers: [JwtStrategy] })
export class PassportHost {}
