/** A chat whose sockets end at the logout: `npm run example:chat`. */
import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Module,
  Post,
  UnauthorizedException,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
// In your project: from 'nestjs-logout', '…/jwt', '…/memory', '…/postgres' and '…/socket.io'.
import { CurrentToken, LogoutModule, type VerifiedToken } from '../../src';
import { JwtModule, JwtService } from '../../src/nest/jwt';
import { LiveIoAdapter } from '../../src/nest/socket-io';
import { PostgresRevocationStore } from '../../src/postgres';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { PAGE } from './page';

const { PORT = '3000', DATABASE_URL } = process.env;
const secret = process.env.JWT_SECRET ?? randomBytes(32).toString('hex');
const PASSWORDS: ReadonlyMap<unknown, string> = new Map([
  ['ada', 'lovelace'],
  ['grace', 'hopper'],
]);

@Controller()
class Pages {
  constructor(private readonly jwt: JwtService) {}

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): string {
    return PAGE;
  }

  @Post('login')
  @HttpCode(200)
  login(@Body() { name, password }: { name?: unknown; password?: unknown }): object {
    if (typeof name !== 'string' || PASSWORDS.get(name) !== password)
      throw new UnauthorizedException();
    return { token: this.jwt.sign({ sub: name }) };
  }
}

/** Needs no check of its own: a socket without a live token is never connected. */
@WebSocketGateway()
class Chat {
  @WebSocketServer()
  private readonly server!: { emit(event: string, data: object): void };

  @SubscribeMessage('say')
  say(@MessageBody() text: unknown, @CurrentToken() token: VerifiedToken): void {
    if (typeof text === 'string')
      this.server.emit('said', { name: token.subject, text: text.slice(0, 1000) });
  }
}

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
      store:
        DATABASE_URL === undefined
          ? new MemoryRevocationStore()
          : new PostgresRevocationStore({ url: DATABASE_URL }),
    }),
  ],
  controllers: [Pages],
  providers: [Chat],
})
class ChatModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(ChatModule, { logger: ['warn', 'error'] });
  app.useWebSocketAdapter(new LiveIoAdapter(app));
  app.enableShutdownHooks();
  await app.listen(PORT, '127.0.0.1');
  const { port } = new URL(await app.getUrl());
  console.log(
    `Listening on http://localhost:${port}: log in as ada, with the password lovelace, or as ` +
      'grace, with hopper',
  );
}

void main();
