import { Injectable } from '@nestjs/common';
import { HttpAdapterHost, type AbstractHttpAdapter } from '@nestjs/core';
import { RevokedTokensService } from '../revocation/revoked-tokens.service';
import { LogoutAnswers } from '../web/answers';
import { RequestAuthenticator } from '../web/request-authenticator';

/** By Express's application or Fastify's instance, which each request of theirs names. */
const applications = new WeakMap<object, LogoutApplication>();

/**
 * What Passport strategies ask. Passport is one for the whole process, and keeps one strategy of each
 * name: that of the application that was built last gets the requests of all.
 */
@Injectable()
export class LogoutApplication {
  constructor(
    readonly tokens: RevokedTokensService,
    readonly authenticator: RequestAuthenticator,
    readonly answers: LogoutAnswers,
    adapterHost: HttpAdapterHost,
  ) {
    // In tests the adapter comes later than we.
    adapterHost.init$.subscribe(() => {
      const adapter = adapterHost.httpAdapter as AbstractHttpAdapter | null;
      if (adapter !== null) applications.set(adapter.getInstance<object>(), this);
    });
  }
}

/**
 * The application that has received a request.
 * @returns `undefined`: it says of none that has our module, as the handshake of a socket does.
 */
export function applicationOf(request: object): LogoutApplication | undefined {
  // Express's requests know their `app`, Fastify's their `server`.
  const server: unknown = Reflect.get(request, 'app') ?? Reflect.get(request, 'server');
  // Fastify's plugins have instances of their own, which inherit from the application's.
  for (let at = server; isObject(at); at = Object.getPrototypeOf(at)) {
    const found = applications.get(at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
