import {
  Controller,
  Get,
  Module,
  UseGuards,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import request, { type Test } from 'supertest';
import { AuthModule, CurrentToken, JwtAuthGuard, type AuthModuleOptions } from '../../src';
import { MemoryRevocationStore } from '../../src/stores/memory';
import type { VerifiedToken } from '../../src';
import { AUDIENCE, ISSUER, TestIssuer } from './tokens';

export type Platform = 'express' | 'fastify';
export const PLATFORMS: readonly Platform[] = ['express', 'fastify'];
export const LOGOUT = '/api/v1/auth/logout';

/** What stands in the documented contract, to the byte. */
export const DOCUMENTED = {
  loggedOut: '{"success":true,"message":"Sesión cerrada exitosamente"}',
  refused: '{"success":false,"message":"Token no proporcionado o inválido"}',
  expired: '{"success":false,"message":"El token ha expirado"}',
  internal: '{"success":false,"message":"Error interno del servidor"}',
  tooMany: '{"success":false,"message":"Demasiadas solicitudes"}',
  badRequest: '{"success":false,"message":"Solicitud inválida"}',
} as const;

/** A route of the host's, behind our guard. */
@Controller('me')
@UseGuards(JwtAuthGuard)
export class MeController {
  @Get()
  me(@CurrentToken() token: VerifiedToken): unknown {
    return token.claims;
  }
}

export function adapterFor(platform: Platform): AbstractHttpAdapter {
  return platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
}

/** A host with our module, listening on a port of its own. */
export class TestApp {
  constructor(
    readonly nest: INestApplication,
    readonly issuer: TestIssuer,
    readonly store: AuthModuleOptions['store'],
  ) {}

  static async start(
    platform: Platform,
    options: Partial<AuthModuleOptions> = {},
    {
      issuer = new TestIssuer(),
      extras = {},
      imports = [],
      controllers = [MeController],
      adapter = adapterFor(platform),
      configure = (): void => undefined,
      port = 0,
    }: {
      issuer?: TestIssuer;
      extras?: { isGlobal?: boolean; path?: string };
      imports?: Type[];
      controllers?: Type[];
      adapter?: AbstractHttpAdapter;
      configure?: (app: INestApplication) => void | Promise<void>;
      port?: number;
    } = {},
  ): Promise<TestApp> {
    const store = options.store ?? new MemoryRevocationStore();
    const auth = AuthModule.forRoot({
      ...extras,
      algorithms: [issuer.algorithm],
      keys: issuer.key,
      issuer: ISSUER,
      audience: AUDIENCE,
      throttleLimit: 100_000,
      ...options,
      store,
    });

    @Module({ imports: [auth, ...imports], controllers })
    class Host {}

    const nest = await NestFactory.create<NestFastifyApplication>(Host, adapter, {
      logger: false,
      abortOnError: false,
    });
    await configure(nest);
    await nest.listen(port, '127.0.0.1');
    return new TestApp(nest, issuer, store);
  }

  get url(): string {
    const address = (this.nest.getHttpServer() as import('node:net').Server).address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `http://127.0.0.1:${address.port}`;
  }

  /** A logout as documented: the bearer names itself in the body. */
  logout(bearer: string, named: unknown = bearer): Test {
    return request(this.url)
      .post(LOGOUT)
      .set('Authorization', `Bearer ${bearer}`)
      .send({ token: named });
  }

  me(bearer: string): Test {
    return request(this.url).get('/me').set('Authorization', `Bearer ${bearer}`);
  }

  post(path = LOGOUT): Test {
    return request(this.url).post(path);
  }

  async close(): Promise<void> {
    await this.nest.close();
  }
}
