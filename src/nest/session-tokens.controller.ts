import { Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { LogoutCore } from '../core/compose';
import type { AdmittedRequest } from '../web/admitted-request';
import { LogoutAnswers } from '../web/answers';
import type { PlatformRequest } from '../web/request';
import { ROUTES } from '../web/routes';
import { GateRefusal } from './gate.guard';
import { Admitted, Gated } from './gated.decorator';
import { namedTokens } from './logout.dto';
import { OurRoutes } from './our-routes.decorator';
import { RefreshTokenReader } from './refresh-token-reader';
import { send } from './send';

/** Takes refresh tokens, and any token to revoke. Exists where the option `sessions` is set. */
@OurRoutes()
export class SessionTokensController {
  constructor(
    private readonly core: LogoutCore,
    private readonly reader: RefreshTokenReader,
    private readonly answers: LogoutAnswers,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** Exchanges a refresh token. Its successor goes where it came from: the body, or the cookie. */
  @Gated(ROUTES.refresh)
  async refresh(
    @Admitted() { body, source }: AdmittedRequest,
    @Req() request: PlatformRequest,
    @Res() response: object,
  ): Promise<void> {
    const { httpAdapter } = this.adapterHost;
    const { presented, isCookie } = this.reader.read(request, body);
    const tokens = await this.core.renewal.run(presented, source);
    const { tokenType, accessToken, expiresIn, refreshToken } = tokens;
    const data = { tokenType, accessToken, expiresIn, ...(!isCookie && { refreshToken }) };
    if (isCookie)
      httpAdapter.appendHeader(response, 'Set-Cookie', this.core.sessions.refreshCookie(tokens));
    send(httpAdapter, response, this.answers.succeed('SESSION_RENEWED', data));
  }

  /** RFC 7009: 200 whatever the token was, for it is refused now. */
  @Gated(ROUTES.revoke)
  async revoke(
    @Admitted() { body, source }: AdmittedRequest,
    @Res() response: object,
  ): Promise<void> {
    const { token } = namedTokens(body);
    // A parameter without a value is treated as if it were omitted (RFC 6749 §3.1).
    if (!token) throw new GateRefusal(this.answers.refuse('bad_request'));
    await this.core.revocation.run(token, source);
    send(this.adapterHost.httpAdapter, response, this.answers.answerEmpty({}, 200));
  }
}
