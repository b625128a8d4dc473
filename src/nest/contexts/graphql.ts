import { HttpException, type ExecutionContext } from '@nestjs/common';
import type { Answer, Envelope } from '../../web/answers';
import { isRequest, type PlatformRequest } from '../../web/request';
import { member } from './member';

/** The context of an operation. References of a federation are resolved without arguments. */
export function graphqlContext(context: ExecutionContext): unknown {
  return context.getArgByIndex(context.getArgs().length === 3 ? 1 : 2);
}

/** Where drivers and hosts put the request. Mercurius sets `reply` anew for each request: first. */
const PLACES = [
  ['reply', 'request'],
  ['req'],
  ['request'],
  ['extra', 'request'],
  ['req', 'extra', 'request'], // graphql-ws, where the host gives no context
] as const;

/** The request of each operation. Two with one context would be taken for one another. */
const requests = new WeakMap<object, PlatformRequest>();

/**
 * The request of the operation. `undefined` also where it may be another's: drivers put the first
 * request into a context that the host gives as one object for all.
 */
export function graphqlRequest(context: ExecutionContext): PlatformRequest | undefined {
  const operation = graphqlContext(context);
  if (typeof operation !== 'object' || operation === null) return undefined;
  const request = PLACES.map((path) => path.reduce<unknown>(member, operation)).find(isRequest);
  if (request === undefined || isAnswered(request)) return undefined;
  const known = requests.get(operation) ?? request;
  requests.set(operation, known);
  return known === request ? request : undefined;
}

/** Express knows the response of a request. One that was sent belongs to an earlier operation. */
function isAnswered(request: PlatformRequest): boolean {
  return member(member(request, 'res'), 'writableEnded') === true;
}

/**
 * Becomes a `GraphQLError` with these extensions in every GraphQL server. Not one itself: Nest
 * writes those to the error log, with their stack, and a client could fill it.
 */
export class GraphqlRefusal extends HttpException {
  readonly extensions: { readonly code: string; readonly originalError: Envelope };

  constructor({ status, body }: Answer) {
    super(body, status);
    // Nest's drivers put the body of an HttpException under this name.
    this.extensions = { code: codeOf(status), originalError: body };
  }
}

function codeOf(status: number): string {
  if (status === 429) return 'TOO_MANY_REQUESTS';
  return status < 500 ? 'UNAUTHENTICATED' : 'INTERNAL_SERVER_ERROR';
}
