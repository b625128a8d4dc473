import { HttpException, type ExecutionContext } from '@nestjs/common';
import type { Answer } from '../../web/answers';
import { GraphqlRefusal } from './graphql';
import { exceptionOf, type ContextException } from './host-packages';
import { sendWhereEmitted } from './sockets';

/** The exception by which the caller of this context is told the answer's body. */
export function refusalIn(context: ExecutionContext, answer: Answer): Error {
  const type = context.getType<string>();
  if (type === 'graphql') return new GraphqlRefusal(answer);
  const { status, body } = answer;
  const Exception = exceptionIn(context);
  if (Exception === undefined) return new HttpException(body, status);
  if (type === 'ws') sendWhereEmitted(context.getArgByIndex(0), body);
  return new Exception(body);
}

/** What the host's `validate` throws on purpose is the host's answer, as the context knows it. */
export function answerOfHost(context: ExecutionContext, error: unknown): Error | undefined {
  const Exception = exceptionIn(context);
  if (Exception !== undefined && error instanceof Exception) return error;
  if (!(error instanceof HttpException)) return undefined;
  return Exception === undefined ? error : new Exception(error.getResponse());
}

function exceptionIn(context: ExecutionContext): ContextException | undefined {
  return isEvent(context) ? undefined : exceptionOf(context.getType());
}

/** Nest's own mark of `@EventPattern`, and its value. */
const [HANDLER_TYPE, EVENT] = ['microservices:handler_type', 2];

/** No caller hears of an event's refusal. Nest 12 writes an `RpcException` to the error log then. */
function isEvent(context: ExecutionContext): boolean {
  return Reflect.getMetadata(HANDLER_TYPE, context.getHandler()) === EVENT;
}
