import { Controller, Req, Res, UseFilters, UseGuards, VERSION_NEUTRAL } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Logout } from '../logout/logout';
import { LogoutAnswers } from '../web/answers';
import type { AdmittedRequest } from '../web/gate';
import type { PlatformRequest } from '../web/request';
import { ROUTES } from '../web/routes';
import { GateGuard } from './gate.guard';
import { Admitted, Gated } from './gated.decorator';
import { namedTokens } from './logout.dto';
import { LogoutExceptionFilter } from './logout-exception.filter';
import { LogoutEffects } from './logout-effects';
import { Public, PublicForHosts, USUAL_KEYS } from './public.decorator';
import { send } from './send';

/** Our routes, each an entry of the table of routes. What is refused, the filter answers. */
@Public()
@PublicForHosts(USUAL_KEYS)
@Controller({ version: VERSION_NEUTRAL })
@UseGuards(GateGuard)
@UseFilters(LogoutExceptionFilter)
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
      const answer = await this.effects.apply(request, token, source);
      this.effects.expireCookies(httpAdapter, response);
      send(httpAdapter, response, answer);
    } else {
      // Another token was named: the bearer lives on, and so does what its browser holds.
      send(httpAdapter, response, this.answers.answer('LOGGED_OUT'));
    }
  }
}
