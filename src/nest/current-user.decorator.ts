import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Claims } from '../tokens/verification/claims';

interface WithUser {
  readonly user?: unknown;
}

const userOf = createParamDecorator((member: string | undefined, context: ExecutionContext) => {
  const user = context.switchToHttp().getRequest<WithUser | undefined>()?.user;
  if (member === undefined || typeof user !== 'object' || user === null) return user;
  return Reflect.get(user, member) as unknown;
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
  member?: keyof User & string,
): ParameterDecorator {
  return userOf(member);
}
