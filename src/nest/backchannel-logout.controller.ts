import { Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { LogoutCore } from '../core/compose';
import type { AdmittedRequest } from '../web/admitted-request';
import { LogoutAnswers } from '../web/answers';
import { ROUTES } from '../web/routes';
import { Admitted, Gated } from './gated.decorator';
import { OurRoutes } from './our-routes.decorator';
import { send } from './send';

/** Takes the logouts of identity providers. Exists where an issuer has the option `backchannel`. */
@OurRoutes()
export class BackchannelLogoutController {
  constructor(
    private readonly core: LogoutCore,
    private readonly answers: LogoutAnswers,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** 200 once what the logout token names is refused, whether it was known or not. */
  @Gated(ROUTES.backchannelLogout)
  async logout(
    @Admitted() { logoutToken, source }: AdmittedRequest,
    @Res() response: object,
  ): Promise<void> {
    await this.core.backchannel.run(logoutToken, source);
    send(this.adapterHost.httpAdapter, response, this.answers.answerEmpty({}, 200));
  }
}
