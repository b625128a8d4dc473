/** The home-made logout with Redis: passport-jwt, and a `GET` on each request. */
import { randomUUID } from 'node:crypto';
import {
  Controller,
  Get,
  HttpCode,
  Injectable,
  Module,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { Redis } from 'ioredis';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { DONE, ME, serve, setting } from './serve';
import { REVOKED_BEFOREHAND } from './revoked-beforehand';
import { verifyingKey } from './verifying-key';

const redis = new Redis(setting('REDIS_URL'));
const keyOf = (jti: string): string => `revoked:${jti}`;

interface Payload {
  readonly sub: string;
  readonly username: string;
  readonly jti: string;
  readonly exp: number;
}

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      ignoreExpiration: false,
      secretOrKey: verifyingKey(),
    });
  }

  async validate(payload: Payload): Promise<Payload> {
    if ((await redis.get(keyOf(payload.jti))) !== null) throw new UnauthorizedException();
    return payload;
  }
}

@Injectable()
class JwtAuthGuard extends AuthGuard('jwt') {}

@Controller()
@UseGuards(JwtAuthGuard)
class AppController {
  @Get('me')
  me(): object {
    return ME;
  }

  @Post('logout')
  @HttpCode(200)
  async logout(@Req() { user }: { user: Payload }): Promise<object> {
    await redis.set(keyOf(user.jti), '1', 'EXAT', user.exp);
    return DONE;
  }
}

@Module({ imports: [PassportModule], controllers: [AppController], providers: [JwtStrategy] })
class AppModule {}

async function main(): Promise<void> {
  const pipeline = redis.pipeline();
  for (let index = 0; index < REVOKED_BEFOREHAND; index += 1)
    pipeline.set(keyOf(randomUUID()), '1', 'EX', 12 * 3600);
  await pipeline.exec();
  await serve(AppModule, { logoutPath: '/logout' });
}

void main();
