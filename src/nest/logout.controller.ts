import { Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Logout } from '../logout/logout';
import { LogoutAnswers } from '../web/answers';
import type { AdmittedRequest } from '../web/admitted-request';
import type { PlatformRequest } from '../web/request';
import { ROUTES } from '../web/routes';
import { Admitted, Gated } from './gated.decorator';
import { namedTokens } from './logout.dto';
import { LogoutEffects } from './logout-effects';
import { OurRoutes } from './our-routes.decorator';
import { send } from './send';

/** The logout of one token. */
@OurRoutes()
export class LogoutController {
  constructor(
    private readonly useCase: Logout,
    private readonly effects: LogoutEffects,
    private readonly answers: LogoutAnswers,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** Revokes the named token. 200: committed, and refused from now on. */
  @Gated(ROUTES.logout)
  async logout(
    @Admitted() { bearer, bearerText, body, source }: AdmittedRequest,
    @Req() request: PlatformRequest,
    @Res() response: object,
  ): Promise<void> {
    const { token: named, refreshToken: namedRefresh } = namedTokens(body);
    const isBearerNamed = named !== undefined && named === bearerText;
    const attempt = { bearer, named, isBearerNamed, namedRefresh, source };
    const { token, endsBearer } = await this.useCase.run(attempt);
    const { httpAdapter } = this.adapterHost;
    if (endsBearer) {
      await this.effects.finish(httpAdapter, { request, response }, token, source);
    } else {
      // Another token was named: the bearer lives on, and so does what its browser holds.
      send(httpAdapter, response, this.answers.answer('LOGGED_OUT'));
    }
  }
}
