import {
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Observable } from 'rxjs';
import { catchMaybe, mapMaybe } from '../../tokens/maybe-promise';
import type { VerifiedToken } from '../../tokens/verified-token';
import type { PlatformRequest } from '../../web/request';
import { verifiedTokenOf } from '../../web/request-authenticator';
import { refusalIn } from '../contexts/refusals';
import { LiveAdmission } from './live-admission';

/** Node's own response; Fastify wraps it. */
interface NodeResponse {
  readonly destroyed: boolean;
  destroy(): void;
  once(event: 'close', listener: () => void): unknown;
}

/** What Nest marks a handler of server-sent events with. */
const SSE = '__sse__';
/** A client that does not read keeps its answer open. */
const DESTROYED_AFTER_MS = 1000;

@Injectable()
class EndsWithTokenInterceptor implements NestInterceptor {
  constructor(private readonly admission: LiveAdmission) {}

  intercept(
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<PlatformRequest>();
    const answer = http.getResponse<NodeResponse & { raw?: NodeResponse }>();
    const response = answer.raw ?? answer;
    const isSse = Reflect.getMetadata(SSE, context.getHandler()) === true;
    return catchMaybe(
      () =>
        mapMaybe(verifiedTokenOf(request) ?? this.admission.admit(request), (token) =>
          isSse ? this.events(token, response, next) : this.body(token, response, next),
        ),
      (error) => {
        throw refusalIn(context, this.admission.refuse(error));
      },
    );
  }

  /** Completes the events, which ends the answer. An error would be reported as one of the host's. */
  private events(
    token: VerifiedToken,
    response: NodeResponse,
    next: CallHandler,
  ): Observable<unknown> {
    return new Observable((subscriber) => {
      const complete = (): void => {
        subscriber.complete();
      };
      const release = this.admission.connections.open({
        token,
        close: () => {
          complete();
          destroyLater(response);
        },
      });
      subscriber.add(release);
      // Nest listens only once the handler's promise is there, and a client may be gone by then.
      response.once('close', complete);
      if (response.destroyed) complete();
      else next.handle().subscribe(subscriber);
    });
  }

  /** The body may be streamed by whatever wrote it: only the end of the answer tells that it is over. */
  private body(
    token: VerifiedToken,
    response: NodeResponse,
    next: CallHandler,
  ): Observable<unknown> {
    const release = this.admission.connections.open({
      token,
      close: () => {
        response.destroy();
      },
    });
    if (response.destroyed) release();
    else response.once('close', release);
    return next.handle();
  }
}

function destroyLater(response: NodeResponse): void {
  const timer = setTimeout(() => {
    response.destroy();
  }, DESTROYED_AFTER_MS).unref();
  response.once('close', () => {
    clearTimeout(timer);
  });
}

/**
 * Ends what the handler streams when the token of its request does: server-sent events complete; any
 * other answer that is still being sent is cut off. Behind `JwtAuthGuard`, or a guard of your own:
 * the bearer has to be a token that we accept.
 *
 * @example
 * @Sse('news')
 * @UseGuards(JwtAuthGuard)
 * @EndsWithToken()
 * news(): Observable<MessageEvent> { … }
 */
export function EndsWithToken(): MethodDecorator & ClassDecorator {
  return UseInterceptors(EndsWithTokenInterceptor);
}
