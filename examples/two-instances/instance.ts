import {
  Body,
  Controller,
  Get,
  HttpCode,
  Module,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
// In your project: from 'nestjs-logout' and 'nestjs-logout/jwt'.
import { JwtAuthGuard, LogoutModule, type RevocationStore } from '../../src';
import { JwtModule, JwtService } from '../../src/nest/jwt';

const secret = process.env.JWT_SECRET ?? '';
const PASSWORDS: ReadonlyMap<unknown, string> = new Map([['ada', 'lovelace']]);

/** Your login, and a route of yours. */
@Controller()
class Pages {
  constructor(private readonly jwt: JwtService) {}

  @Post('login')
  @HttpCode(200)
  login(@Body() { name, password }: { name?: unknown; password?: unknown }): object {
    if (typeof name !== 'string' || PASSWORDS.get(name) !== password)
      throw new UnauthorizedException();
    return { token: this.jwt.sign({ sub: name }) };
  }

  @Get('me')
  @UseGuards(JwtAuthGuard)
  me(@Req() { user }: { user: { sub: string } }): object {
    return { name: user.sub };
  }
}

/** Serves one instance on a free port. @returns its URL. */
export async function serve(store: RevocationStore): Promise<string> {
  @Module({
    imports: [
      JwtModule.register({ secret, signOptions: { expiresIn: '1h' } }),
      LogoutModule.forRoot({
        algorithms: ['HS256'],
        keys: secret,
        issuer: null,
        audience: null,
        maxLifetimeSeconds: 3600,
        messages: 'en',
        store,
      }),
    ],
    controllers: [Pages],
  })
  class Instance {}

  const app = await NestFactory.create(Instance, { logger: ['warn', 'error'] });
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}
