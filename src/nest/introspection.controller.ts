import { Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { LogoutCore } from '../core/compose';
import type { AdmittedRequest } from '../web/admitted-request';
import { LogoutAnswers } from '../web/answers';
import { introspected } from '../web/introspected';
import type { PlatformRequest } from '../web/request';
import { ROUTES } from '../web/routes';
import { GateRefusal } from './gate.guard';
import { Admitted, Gated } from './gated.decorator';
import { namedTokens } from './logout.dto';
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
    @Admitted() { body, caller, source }: AdmittedRequest,
    @Req() { headers }: PlatformRequest,
    @Res() response: object,
  ): Promise<void> {
    const { token } = namedTokens(body);
    // A parameter without a value is treated as if it were omitted (RFC 6749 §3.1).
    if (caller === undefined || !token) throw new GateRefusal(this.answers.refuse('bad_request'));
    const found = await this.core.introspection.of(token, caller, source);
    const answer = introspected(found, caller, headers.accept, this.core.signedIntrospection);
    send(this.adapterHost.httpAdapter, response, answer);
  }
}
