import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { carrierOf, requestOf } from '../nest/contexts/requests';
import { giveToken } from '../web/request-authenticator';
import { warnInProduction } from './production';
import { verifiedToken, type TestClaims } from './test-token';

/**
 * A guard for tests that lets every call in as this user, whatever token it carries: in place of
 * ours it fills `request.user`, `@CurrentUser()` and `@CurrentToken()`.
 * @param claims of the current token; by default those members of the user that a token has.
 *
 * @example
 * Test.createTestingModule({ controllers: [MeController] })
 *   .overrideGuard(LogoutGuard)
 *   .useValue(actAs({ sub: 'ada' }))
 */
export function actAs(user: object, claims: TestClaims = user): CanActivate {
  warnInProduction('actAs', 'it lets every call in');
  return {
    canActivate(context: ExecutionContext): boolean {
      const carrier = carrierOf(context);
      const holder = context.getType<string>() === 'graphql' ? requestOf(context) : carrier;
      // The host may change its user: each call has one of its own.
      if (isObject(holder)) Reflect.set(holder, 'user', { ...user });
      if (isObject(carrier)) giveToken(carrier, verifiedToken(claims));
      return true;
    },
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
