import { HttpException, Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { LogoutCore } from '../core/compose';
import { TokenRejectedError } from '../revocation/errors';
import type { Claims } from '../tokens/verification/claims';
import type { AdmittedRequest } from '../web/admitted-request';
import { LogoutAnswers } from '../web/answers';
import { answerIntrospection } from '../web/answer-introspection';
import { withOAuthError } from '../web/oauth-errors';
import type { PlatformRequest } from '../web/request';
import { RequestAuthenticator } from '../web/request-authenticator';
import { ROUTES } from '../web/routes';
import { Admitted, Gated } from './gated.decorator';
import { OurRoutes } from './our-routes.decorator';
import { send } from './send';

/** Tells resource servers what tokens are worth. Exists with the option `introspectionCallers`. */
@OurRoutes()
export class IntrospectionController {
  constructor(
    private readonly core: LogoutCore,
    private readonly authenticator: RequestAuthenticator,
    private readonly answers: LogoutAnswers,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** RFC 7662. Only a caller comes here: the gate has let it in. */
  @Gated(ROUTES.introspect)
  async introspect(
    @Admitted() admitted: AdmittedRequest,
    @Req() request: PlatformRequest,
    @Res() response: object,
  ): Promise<void> {
    const { accept } = request.headers;
    const admits = (claims: Claims) => this.admits(claims, request);
    const answer = await answerIntrospection(admitted, accept, this.core, this.answers, admits);
    send(this.adapterHost.httpAdapter, response, withOAuthError(admitted.route, answer));
  }

  /** The host's hook may also refuse by a throw; any other error of it tells nothing. */
  private async admits(claims: Claims, request: PlatformRequest): Promise<boolean> {
    try {
      return await this.authenticator.accepts(claims, request);
    } catch (error) {
      if (error instanceof TokenRejectedError) return false;
      if (error instanceof HttpException && error.getStatus() < 500) return false;
      throw error;
    }
  }
}
