import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { VerifiedToken } from '../tokens/verification/token-verifier';
import type { PlatformRequest } from '../web/request';
import { verifiedTokenOf } from '../web/request-authenticator';

/**
 * The verified token that `JwtAuthGuard` let the request in with: its claims, and what
 * `RevokedTokensService.revoke` takes. `undefined` on a public route.
 */
export const CurrentToken = createParamDecorator(
  (_: unknown, context: ExecutionContext): VerifiedToken | undefined =>
    verifiedTokenOf(context.switchToHttp().getRequest<PlatformRequest | undefined>()),
);
