import {
  HttpException,
  Injectable,
  Logger,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import { Contract } from './contract';
import type { PlatformRequest } from './platform';
import { IS_PUBLIC } from './public.decorator';
import { RequestAuthenticator } from './request-authenticator';
import { setHeaders } from './send';

/**
 * Lets in requests with a live bearer token, and sets `request.user`. Everything else gets the
 * documented 401, 403 or 500. Use it on a route, a controller, or as the application's guard.
 */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  private readonly logger = new Logger(JwtAuthGuard.name);

  constructor(
    private readonly authenticator: RequestAuthenticator,
    private readonly contract: Contract,
    private readonly reflector: Reflector,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** @throws {HttpException} with the documented body; never "let in" for want of an answer. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(IS_PUBLIC, targets) === true)
      return true;
    const request = this.getRequest(context);
    try {
      request.user = await this.authenticator.admit(request);
      return true;
    } catch (error) {
      throw this.refusal(error, context);
    }
  }

  /** Where the request is found; override it for GraphQL. */
  protected getRequest(context: ExecutionContext): PlatformRequest {
    return context.switchToHttp().getRequest<PlatformRequest>();
  }

  private refusal(error: unknown, context: ExecutionContext): HttpException {
    // What the host's `validate` throws on purpose is the host's answer.
    if (error instanceof HttpException) return error;
    const { status, body, headers } = this.contract.answerError(error);
    if (status >= 500) this.logger.error(error);
    if (context.getType() === 'http')
      setHeaders(this.adapterHost.httpAdapter, context.switchToHttp().getResponse(), headers);
    return new HttpException(body, status);
  }
}
