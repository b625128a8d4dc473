import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { VerifiedToken } from '../tokens/verification/token-verifier';
import { verifiedTokenOf } from '../web/request-authenticator';
import { carrierOf } from './contexts/requests';

/**
 * The verified token that `JwtAuthGuard` let the call in with: its claims, and what
 * `RevokedTokensService.revoke` takes. `undefined` on a public route. In a gateway it is the token
 * of the client's last message that the guard let in.
 */
export const CurrentToken = createParamDecorator(
  (_: unknown, context: ExecutionContext): VerifiedToken | undefined =>
    verifiedTokenOf(carrierOf(context)),
);
