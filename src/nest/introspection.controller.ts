import { Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { LogoutCore } from '../core/compose';
import type { AdmittedRequest } from '../web/admitted-request';
import { LogoutAnswers } from '../web/answers';
import { introspected } from '../web/introspected';
import { inFormOf } from '../web/oauth-form';
import type { PlatformRequest } from '../web/request';
import { ROUTES } from '../web/routes';
import { Admitted, Gated } from './gated.decorator';
import { OurRoutes } from './our-routes.decorator';
import { send } from './send';

/** Tells resource servers what tokens are worth. Exists with the option `introspectionCallers`. */
@OurRoutes()
export class IntrospectionController {
  constructor(
    private readonly core: LogoutCore,
    private readonly answers: LogoutAnswers,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** RFC 7662. Only a caller comes here: the gate has let it in. */
  @Gated(ROUTES.introspect)
  async introspect(
    @Admitted() admitted: AdmittedRequest,
    @Req() { headers }: PlatformRequest,
    @Res() response: object,
  ): Promise<void> {
    const answer = await introspected(admitted, headers.accept, this.core, this.answers);
    send(this.adapterHost.httpAdapter, response, inFormOf(admitted.route, answer));
  }
}
