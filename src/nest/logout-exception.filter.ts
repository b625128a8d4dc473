import {
  Catch,
  HttpException,
  Injectable,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { admittedOf } from '../web/admitted-request';
import { LogoutAnswers, type Answer } from '../web/answers';
import { withOAuthError } from '../web/oauth-errors';
import type { PlatformRequest } from '../web/request';
import type { Route } from '../web/route';
import { GateRefusal } from './gate.guard';
import { send } from './send';

/**
 * Answers every exception of an HTTP request in the documented envelope: ours by their code, an
 * `HttpException` by its status, all else with the documented 500. Bound to our routes; hosts may
 * bind it to theirs. In GraphQL and microservices it hands on what was thrown.
 */
@Catch()
@Injectable()
export class LogoutExceptionFilter implements ExceptionFilter {
  constructor(
    private readonly answers: LogoutAnswers,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  catch(exception: unknown, host: ArgumentsHost): unknown {
    const type = host.getType<string>();
    if (type === 'rpc') return throwError(() => exception);
    if (type !== 'http') return exception;
    this.answerHttp(exception, host);
    return undefined;
  }

  private answerHttp(exception: unknown, host: ArgumentsHost): void {
    const route = admittedOf(host.switchToHttp().getRequest<PlatformRequest>())?.route;
    const decided =
      exception instanceof GateRefusal ? exception.answer : this.answer(exception, route);
    if (decided === undefined) return;
    const answer = withOAuthError(route, decided);
    send(this.adapterHost.httpAdapter, host.switchToHttp().getResponse<object>(), answer);
  }

  /** @param route of ours, on which nothing but code of the host's throws an `HttpException`. */
  private answer(exception: unknown, route: Route | undefined): Answer {
    if (!(exception instanceof HttpException)) return this.answers.answerError(exception);
    const status = exception.getStatus();
    return route === undefined
      ? this.answers.answerStatus(status)
      : this.answers.answerHostRefusal(status, route.path);
  }
}
