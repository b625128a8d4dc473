/**
 * better-auth's session check, as its documentation has it for Node: `auth.api.getSession` with the
 * request's headers. Sessions lie in PostgreSQL; with its cookie cache, in a signed cookie too.
 * https://www.better-auth.com/docs/integrations/express
 */
import {
  Controller,
  Get,
  Injectable,
  Module,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { fromNodeHeaders } from 'better-auth/node';
import { Pool } from 'pg';
import { ME, serve, setting } from './serve';

const auth = betterAuth({
  baseURL: 'http://127.0.0.1',
  secret: setting('JWT_SECRET'),
  database: new Pool({ connectionString: setting('DATABASE_URL') }),
  emailAndPassword: { enabled: true },
  logger: { disabled: true },
  telemetry: { enabled: false },
  // Longer than any run, so that the cache always hits: its best case.
  ...(process.env.COOKIE_CACHE === 'on' && {
    session: { cookieCache: { enabled: true, maxAge: 12 * 3600 } },
  }),
});

@Injectable()
class SessionGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<IncomingMessage & { user?: object }>();
    const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    if (session === null) throw new UnauthorizedException();
    request.user = session.user;
    return true;
  }
}

@Controller()
class MeController {
  @UseGuards(SessionGuard)
  @Get('me')
  me(): object {
    return ME;
  }
}

@Module({ controllers: [MeController] })
class AppModule {}

async function signedUp(): Promise<string> {
  const body = { name: 'Ada', email: 'ada@example.com', password: 'analytical engine' };
  const response = await auth.api.signUpEmail({ body, asResponse: true });
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

async function main(): Promise<void> {
  await (await getMigrations(auth.options)).runMigrations();
  await serve(AppModule, { headers: { cookie: await signedUp() } });
}

void main();
