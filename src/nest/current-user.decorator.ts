import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Claims } from '../tokens/verification/claims';
import { member } from './contexts/member';
import { carrierOf, requestOf } from './contexts/requests';

const userOf = createParamDecorator((name: string | undefined, context: ExecutionContext) => {
  // In GraphQL guards set the user of the request, not of the context.
  const isGraphql = context.getType<string>() === 'graphql';
  const user = member(isGraphql ? requestOf(context) : carrierOf(context), 'user');
  return name === undefined ? user : member(user, name);
});

/**
 * `request.user`, or one member of it: the claims, or what `validate` has made of them; behind a
 * guard of your own, what that one has set. `undefined` on a public route.
 *
 * @example
 * profile(@CurrentUser() user: User, @CurrentUser<User>('id') id: number)
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- it checks the member's name
export function CurrentUser<User extends object = Claims>(
  name?: keyof User & string,
): ParameterDecorator {
  return userOf(name);
}
