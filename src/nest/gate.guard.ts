import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Readable } from 'node:stream';
import { PRIVATE, type Answer, type BareAnswer, type EmptyAnswer } from '../web/answers';
import { Gate } from '../web/gate';
import type { PlatformRequest } from '../web/request';
import type { Route } from '../web/route';
import { ROUTE } from './gated.decorator';
import { setHeaders } from './send';

/** The gate has refused a request that had already reached its route. */
export class GateRefusal extends Error {
  override readonly name = 'GateRefusal';

  /** @param answer `undefined`: the client has left. */
  constructor(readonly answer: Answer | BareAnswer | EmptyAnswer | undefined) {
    super('The request was refused.');
  }
}

/**
 * Lets requests to our routes in by what the gate has found, and runs the gate for those that came
 * around it: under a path that was rewritten, mounted, or read by a function platform.
 */
@Injectable()
export class GateGuard implements CanActivate {
  constructor(
    private readonly gate: Gate,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** @throws {GateRefusal} answered by `LogoutExceptionFilter`. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<PlatformRequest>();
    const route = Reflect.getMetadata(ROUTE, context.getHandler()) as Route;
    const stream = (request.raw ?? request) as unknown as Readable;
    const outcome = await this.gate.admit(request, route, stream);
    if (outcome === 'aborted') throw new GateRefusal(undefined);
    if (!('route' in outcome)) throw new GateRefusal(outcome);
    setHeaders(this.adapterHost.httpAdapter, context.switchToHttp().getResponse(), PRIVATE);
    return true;
  }
}
