import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Claims } from '../tokens/verification/claims';
import { carrierOf, requestOf } from './contexts/requests';

const userOf = createParamDecorator((member: string | undefined, context: ExecutionContext) => {
  // In GraphQL guards set the user of the request, not of the context.
  const isGraphql = context.getType<string>() === 'graphql';
  const user = memberOf(isGraphql ? requestOf(context) : carrierOf(context), 'user');
  return member === undefined ? user : memberOf(user, member);
});

function memberOf(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined;
}

/**
 * `request.user`, or one member of it: the claims, or what `validate` has made of them; behind a
 * guard of your own, what that one has set. `undefined` on a public route.
 *
 * @example
 * profile(@CurrentUser() user: User, @CurrentUser<User>('id') id: number)
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- it checks the member's name
export function CurrentUser<User extends object = Claims>(
  member?: keyof User & string,
): ParameterDecorator {
  return userOf(member);
}
