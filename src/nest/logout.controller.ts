import {
  Controller,
  Header,
  HttpCode,
  Options,
  Post,
  Req,
  Res,
  UseFilters,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Logout } from '../logout/logout';
import type { Authentication } from '../revocation/revoked-tokens.service';
import type { VerifiedToken } from '../tokens/verification/token-verifier';
import { Contract } from '../web/answers';
import { Door } from '../web/gate';
import { Farewell } from './logout-response';
import { namedToken } from './logout.dto';
import { LogoutExceptionFilter } from './logout-exception.filter';
import type { PlatformRequest } from '../web/request';
import { Public, PublicForHosts } from './public.decorator';
import { RequestAuthenticator } from '../web/request-authenticator';
import { send } from './send';

/** `POST <path>/logout`. The door has read the request; what is refused, the filter answers. */
@Public()
@PublicForHosts()
@Controller({ version: VERSION_NEUTRAL })
@UseFilters(LogoutExceptionFilter)
export class LogoutController {
  constructor(
    private readonly door: Door,
    private readonly authenticator: RequestAuthenticator,
    private readonly useCase: Logout,
    private readonly farewell: Farewell,
    private readonly contract: Contract,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** Revokes the named token. 200: committed, and refused from now on. */
  @Post('logout')
  async logout(@Req() request: PlatformRequest, @Res() response: object): Promise<void> {
    const { bearer, body, origin } = this.door.admission(request);
    const named = namedToken(body);
    const isBearerNamed = this.authenticator.presents(named, request);
    const token = await this.useCase.run({ bearer, named, isBearerNamed, origin });
    const { httpAdapter } = this.adapterHost;
    if (isBearer(token, bearer)) {
      const answer = await this.farewell.say(request, token, origin);
      this.farewell.expireCookies(httpAdapter, response);
      send(httpAdapter, response, answer);
    } else {
      // Another token was named: the bearer lives on, and so does what its browser holds.
      send(httpAdapter, response, this.contract.answer('LOGGED_OUT'));
    }
  }

  /** A preflight that the host's CORS did not answer: no origin is allowed anything. */
  @Options('logout')
  @HttpCode(204)
  @Header('Allow', 'POST')
  @Header('Cache-Control', 'no-store')
  preflight(): void {
    // The status and the headers say it all.
  }
}

function isBearer(token: VerifiedToken, bearer: Authentication): boolean {
  return 'token' in bearer && bearer.token.revocationKey === token.revocationKey;
}
