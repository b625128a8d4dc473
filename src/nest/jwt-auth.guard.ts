import {
  HttpException,
  Injectable,
  Logger,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import { mapMaybe, catchMaybe } from '../tokens/maybe-promise';
import { LogoutAnswers } from '../web/answers';
import type { PlatformRequest } from '../web/request';
import { IS_PUBLIC } from './public.decorator';
import { RequestAuthenticator } from '../web/request-authenticator';
import { setHeaders } from './send';

/**
 * Lets in requests with a live bearer token, and sets `request.user`. Everything else gets the
 * documented 401, 403 or 500. Use it on a route, a controller, or as the application's guard.
 */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  private readonly logger = new Logger(JwtAuthGuard.name);
  /** By controller and handler; decorators do not change, and asking them costs every request. */
  private readonly publicRoutes = new WeakMap<object, WeakMap<object, boolean>>();

  constructor(
    private readonly authenticator: RequestAuthenticator,
    private readonly answers: LogoutAnswers,
    private readonly reflector: Reflector,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /**
   * At once, unless the store or the host's `validate` has to be waited for.
   * @throws {HttpException} with the documented body, or rejects with it; never "let in" for want
   * of an answer.
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.isPublic(context)) return true;
    const request = this.getRequest(context);
    return catchMaybe(
      () =>
        mapMaybe(this.authenticator.admit(request), (user) => {
          request.user = user;
          return true;
        }),
      (error) => {
        throw this.refusal(error, context);
      },
    );
  }

  /** Where the request is found; override it for GraphQL. */
  protected getRequest(context: ExecutionContext): PlatformRequest {
    return context.switchToHttp().getRequest<PlatformRequest>();
  }

  private isPublic(context: ExecutionContext): boolean {
    const [type, handler] = [context.getClass(), context.getHandler()];
    const known = this.publicRoutes.get(type)?.get(handler);
    if (known !== undefined) return known;
    const isPublic = this.reflector.getAllAndOverride(IS_PUBLIC, [handler, type]) === true;
    const routes = this.publicRoutes.get(type) ?? new WeakMap<object, boolean>();
    this.publicRoutes.set(type, routes.set(handler, isPublic));
    return isPublic;
  }

  private refusal(error: unknown, context: ExecutionContext): HttpException {
    // What the host's `validate` throws on purpose is the host's answer.
    if (error instanceof HttpException) return error;
    const { status, body, headers } = this.answers.answerError(error);
    if (status >= 500) this.logger.error(error);
    if (context.getType() === 'http')
      setHeaders(this.adapterHost.httpAdapter, context.switchToHttp().getResponse(), headers);
    return new HttpException(body, status);
  }
}
