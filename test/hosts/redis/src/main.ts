import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Module, Post, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { Redis } from 'ioredis';
import { CurrentToken, LogoutGuard, LogoutModule, type VerifiedToken } from 'nestjs-logout';
import { fromIoredis, RedisRevocationStore } from 'nestjs-logout/redis';

const secret = process.env.JWT_SECRET ?? '';
const issuer = 'https://login.example';
const audience = 'https://api.example';
const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost', { lazyConnect: true });

/** Stands for the login and the routes that a host has anyway. */
@Controller()
class HostController {
  constructor(private readonly jwt: JwtService) {}

  @Post('login')
  @HttpCode(200)
  async login(@Body() { user }: { user: string }): Promise<{ accessToken: string }> {
    const accessToken = await this.jwt.signAsync({}, { subject: user, jwtid: randomUUID() });
    return { accessToken };
  }

  @Get('me')
  @UseGuards(LogoutGuard)
  me(@CurrentToken() { claims }: VerifiedToken): { user: string } {
    return { user: String(claims.sub) };
  }
}

@Module({
  imports: [
    JwtModule.register({ secret, signOptions: { issuer, audience, expiresIn: 600 } }),
    LogoutModule.forRoot({
      algorithms: ['HS256'],
      keys: secret,
      issuer,
      audience,
      store: new RedisRevocationStore(fromIoredis(redis), { name: 'app' }),
    }),
  ],
  controllers: [HostController],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
console.log(`listening on ${await app.getUrl()}`);
