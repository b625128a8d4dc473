/** This package, with WebSockets that end at the logout. */
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WebSocketGateway } from '@nestjs/websockets';
// In your project: from 'nestjs-logout', 'nestjs-logout/ws' and 'nestjs-logout/postgres'.
import { AuthModule, JwtAuthGuard, LiveConnections } from '../../src';
import { LiveWsAdapter } from '../../src/nest/ws';
import { PostgresRevocationStore } from '../../src/postgres';
import { onGoodbye } from '../processes';
import { AUDIENCE, ISSUER } from '../tokens';
import { ME, setting, type AppReady } from './serve';

/** What it answers to any message of the bench. */
export interface LiveState {
  readonly size: number;
  readonly lookedAt: number;
  readonly residentBytes: number;
}

@Controller()
class AppController {
  @UseGuards(JwtAuthGuard)
  @Get('me')
  me(): object {
    return ME;
  }
}

@WebSocketGateway({ path: '/live' })
class LiveGateway {}

@Module({
  imports: [
    AuthModule.forRoot({
      algorithms: ['HS256'],
      keys: setting('JWT_SECRET'),
      issuer: ISSUER,
      audience: AUDIENCE,
      store: new PostgresRevocationStore({ url: setting('DATABASE_URL') }),
    }),
  ],
  controllers: [AppController],
  providers: [LiveGateway],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  onGoodbye(() => app.close());
  app.useWebSocketAdapter(new LiveWsAdapter(app));
  const live = app.get(LiveConnections, { strict: false });
  process.on('message', () => {
    const { size, lookedAt } = live;
    const state: LiveState = { size, lookedAt, residentBytes: process.memoryUsage.rss() };
    process.send?.(state);
  });
  await app.listen(0, '127.0.0.1');
  const ready: AppReady = { url: await app.getUrl(), headers: {} };
  process.send?.(ready);
}

void main();
