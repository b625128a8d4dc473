import { Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { TokenRejectedError } from '../revocation/errors';
import { mapMaybe, catchMaybe } from '../tokens/maybe-promise';
import { LogoutAnswers } from '../web/answers';
import { isRequest, type PlatformRequest } from '../web/request';
import { forgetToken, rememberToken, RequestAuthenticator } from '../web/request-authenticator';
import { answerOfHost, refusalIn } from './contexts/refusals';
import { adviceFor, carrierOf, requestOf } from './contexts/requests';
import { PublicRoutes } from './public-routes';
import { setHeaders } from './send';

/**
 * Lets in requests with a live bearer token, and sets `request.user`. Everything else gets the
 * documented 401, 403 or 500. Use it on a route, a controller, a resolver or a gateway, or as the
 * application's guard.
 */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  private readonly logger = new Logger(JwtAuthGuard.name);
  /** The handlers whose callers have no request, once that was said. */
  private readonly advised = new WeakSet<object>();

  constructor(
    private readonly authenticator: RequestAuthenticator,
    private readonly answers: LogoutAnswers,
    private readonly publicRoutes: PublicRoutes,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /**
   * At once, unless the store or the host's `validate` has to be waited for.
   * @throws {HttpException} with the documented body, or rejects with it; in a gateway a
   * `WsException`, in a microservice an `RpcException`. Never "let in" for want of an answer.
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.publicRoutes.isPublic(context)) return true;
    return catchMaybe(
      () => {
        const request = this.getRequest(context);
        if (!isRequest(request)) throw this.missing(context);
        return mapMaybe(this.authenticator.admit(request), (user) => {
          request.user = user;
          const carrier = carrierOf(context);
          if (carrier !== request) this.carry(context, carrier, request);
          return true;
        });
      },
      (error) => {
        throw this.refusal(error, context);
      },
    );
  }

  /**
   * The request whose bearer token counts, or what is read as one; `undefined` refuses. Override it
   * where a token comes another way.
   */
  protected getRequest(context: ExecutionContext): PlatformRequest | undefined {
    return requestOf(context);
  }

  /** Handlers of sockets and microservices do not see the request. */
  private carry(context: ExecutionContext, carrier: unknown, request: PlatformRequest): void {
    if (typeof carrier !== 'object' || carrier === null) return;
    rememberToken(carrier, request);
    const type = context.getType<string>();
    if (type === 'ws' || type === 'rpc') Reflect.set(carrier, 'user', request.user);
  }

  private missing(context: ExecutionContext): TokenRejectedError {
    const handler = context.getHandler();
    if (!this.advised.has(handler)) this.logger.warn(adviceFor(context));
    this.advised.add(handler);
    return new TokenRejectedError('TOKEN_MISSING');
  }

  private refusal(error: unknown, context: ExecutionContext): Error {
    forgetToken(carrierOf(context));
    const own = answerOfHost(context, error);
    if (own !== undefined) return own;
    const answer = this.answers.answerError(error);
    if (context.getType() === 'http')
      setHeaders(
        this.adapterHost.httpAdapter,
        context.switchToHttp().getResponse(),
        answer.headers,
      );
    return refusalIn(context, answer);
  }
}
