import type { ExecutionContext } from '@nestjs/common';
import { isRequest, type PlatformRequest } from '../../web/request';
import { graphqlContext, graphqlRequest } from './graphql';
import { upgradeRequest } from './sockets';

/**
 * The HTTP request behind a context: of GraphQL, that of its own context; of a socket, its upgrade
 * request. `undefined` where there is none, as for messages of microservices.
 */
export function requestOf(context: ExecutionContext): PlatformRequest | undefined {
  const type = context.getType<string>();
  if (type === 'graphql') return graphqlRequest(context);
  if (type === 'ws') return upgradeRequest(context.getArgByIndex(0));
  if (type === 'rpc') return undefined;
  const request: unknown = context.getArgByIndex(0);
  return isRequest(request) ? request : undefined;
}

/**
 * What guard and handler of one call both have in hand, whatever `getRequest` finds: the request,
 * the context of GraphQL, the client of a socket, the context of a message.
 */
export function carrierOf(context: ExecutionContext): unknown {
  const type = context.getType<string>();
  if (type === 'graphql') return graphqlContext(context);
  return context.getArgByIndex(type === 'rpc' ? 1 : 0);
}

const ADVICE: Readonly<Record<string, string>> = {
  graphql:
    'its GraphQL context has no HTTP request of its own. Give "context" as a function that ' +
    'returns { req }; with an object, all requests share the first one.',
  ws:
    'its client has no upgrade request. Set the adapter with app.useWebSocketAdapter before ' +
    'app.init and app.listen, or override getRequest of the guard.',
  rpc:
    'messages of microservices carry no HTTP request. Mark the handler @Public(), connect the ' +
    'microservice without inheritAppConfig, or override getRequest of the guard.',
};

/** Why a context has no request, and what to do. */
export function adviceFor(context: ExecutionContext): string {
  const { name } = context.getClass();
  const type = context.getType<string>();
  const advice = ADVICE[type] ?? `no request was found for "${type}". Override getRequest.`;
  return `JwtAuthGuard refuses every call of ${name}.${context.getHandler().name}: ${advice}`;
}
