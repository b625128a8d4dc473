import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Authentication } from '../revocation/authentication';
import { LogoutAnswers } from '../web/answers';
import { sourceOf, type PlatformRequest } from '../web/request';
import { RequestAuthenticator } from '../web/request-authenticator';
import { Throttle } from '../web/throttle';
import { refusalIn } from './contexts/refusals';
import { requestOf } from './contexts/requests';
import { setHeaders } from './send';

/**
 * Puts a route of the host's, a refresh say, under the same two buckets as the logout. The logout
 * route itself needs no guard: the gate counts there, before a body is read.
 */
@Injectable()
export class LogoutThrottlerGuard implements CanActivate {
  constructor(
    private readonly authenticator: RequestAuthenticator,
    private readonly throttle: Throttle,
    private readonly answers: LogoutAnswers,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /**
   * @throws {HttpException} 429 with the documented body and a `Retry-After` in seconds; outside
   * HTTP what `JwtAuthGuard` throws there, with that body.
   */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = requestOf(context);
    // Messages of microservices have no address to count by.
    if (request === undefined) return true;
    const bearer = await this.bearerOf(request);
    const excess = await this.throttle.excess(bearer, sourceOf(request));
    if (excess === undefined) return true;
    const answer = this.answers.refuse(excess.reason, {
      'Retry-After': String(excess.retryAfterSeconds),
    });
    if (context.getType() === 'http')
      setHeaders(
        this.adapterHost.httpAdapter,
        context.switchToHttp().getResponse(),
        answer.headers,
      );
    throw refusalIn(context, answer);
  }

  /** While a token cannot be checked its request counts by address, as one without a token does. */
  private async bearerOf(request: PlatformRequest): Promise<Authentication> {
    try {
      return await this.authenticator.authenticate(request);
    } catch {
      return { verdict: 'missing' };
    }
  }
}
