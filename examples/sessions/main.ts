/** A login page with "your devices": `npm run example:sessions`. */
import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Module,
  Post,
  Res,
  UnauthorizedException,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
// In your project: from 'nestjs-logout', 'nestjs-logout/memory', 'nestjs-logout/postgres'.
import { LogoutModule, SessionsService } from '../../src';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { PostgresRevocationStore } from '../../src/postgres';
import { PAGE } from './page';

const { PORT = '3000', SIGNING_KEY, REFRESH_KEY, DATABASE_URL = '' } = process.env;
/** Who signs, and for whom: any name that is yours. */
const API = 'https://api.example';

/** Yours checks a hash. */
const PASSWORDS: ReadonlyMap<string, string> = new Map([
  ['ada', 'lovelace'],
  ['grace', 'hopper'],
  ['alan', 'turing'],
]);

interface Login {
  readonly name?: unknown;
  readonly password?: unknown;
  readonly device?: unknown;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

@Controller()
class Pages {
  constructor(private readonly sessions: SessionsService) {}

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): string {
    return PAGE;
  }

  /** In your page: `import { keepSession, logout } from 'nestjs-logout/client'`, and a bundler. */
  @Get(['client/index.mjs', 'client/logout.mjs', 'client/session.mjs'])
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  client(@Res({ passthrough: true }) { req }: { req: { path: string } }): string {
    return readFileSync(join(__dirname, '../../src', req.path), 'utf8');
  }

  @Post('login')
  @HttpCode(200)
  async login(
    @Body() { name, password, device }: Login,
    @Res({ passthrough: true }) response: { setHeader(name: string, value: string): void },
  ): Promise<object> {
    const user = textOf(name);
    if (PASSWORDS.get(user) !== password) throw new UnauthorizedException();
    const tokens = await this.sessions.open(user, { device: textOf(device).slice(0, 100) });
    response.setHeader('Set-Cookie', this.sessions.refreshCookie(tokens));
    return { accessToken: tokens.accessToken, expiresIn: tokens.expiresIn };
  }
}

@Module({
  imports: [
    LogoutModule.forRoot({
      issuers: [],
      messages: 'en',
      sessions: {
        signingKeys: SIGNING_KEY ?? randomBytes(32),
        refreshKeys: REFRESH_KEY ?? randomBytes(32),
        issuer: API,
        audience: API,
        cookie: true,
      },
      store:
        DATABASE_URL === ''
          ? new MemoryRevocationStore()
          : new PostgresRevocationStore({ url: DATABASE_URL }),
    }),
  ],
  controllers: [Pages],
})
class ExampleModule {}

async function main(): Promise<void> {
  if (SIGNING_KEY === undefined || REFRESH_KEY === undefined || DATABASE_URL === '')
    console.warn('No SIGNING_KEY, REFRESH_KEY and DATABASE_URL: a restart signs everybody out.');
  const app = await NestFactory.create(ExampleModule, { logger: ['warn', 'error'] });
  app.enableShutdownHooks();
  await app.listen(PORT, '127.0.0.1');
  const { port } = new URL(await app.getUrl());
  console.log(`Listening on http://localhost:${port}: log in as ada, with the password lovelace`);
}

void main();
