import {
  Catch,
  HttpException,
  Injectable,
  Logger,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Contract, type Answer } from '../web/answers';
import { send } from './send';

/**
 * Answers every exception in the documented envelope: ours by their code, an `HttpException` by
 * its status, all else with the documented 500. Bound to our routes; hosts may bind it to theirs.
 */
@Catch()
@Injectable()
export class LogoutExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger(LogoutExceptionFilter.name);

  constructor(
    private readonly contract: Contract,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const answer = this.answer(exception);
    // Whoever throws an HttpException has decided, and logged if it was worth it.
    if (answer.status >= 500 && !(exception instanceof HttpException)) this.logger.error(exception);
    send(this.adapterHost.httpAdapter, host.switchToHttp().getResponse<object>(), answer);
  }

  private answer(exception: unknown): Answer {
    if (exception instanceof HttpException)
      return this.contract.answerStatus(exception.getStatus());
    return this.contract.answerError(exception);
  }
}
