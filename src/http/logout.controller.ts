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
import { Logout } from '../revocation/logout';
import { Door } from './door';
import { Farewell } from './farewell';
import { namedToken } from './logout.dto';
import { LogoutExceptionFilter } from './logout-exception.filter';
import type { PlatformRequest } from './platform';
import { Public } from './public.decorator';
import { send } from './send';

/** `POST <path>/logout`. The door has read the request; what is refused, the filter answers. */
@Public()
@Controller({ version: VERSION_NEUTRAL })
@UseFilters(LogoutExceptionFilter)
export class LogoutController {
  constructor(
    private readonly door: Door,
    private readonly useCase: Logout,
    private readonly farewell: Farewell,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** Revokes the named token. 200: committed, and refused from now on. */
  @Post('logout')
  async logout(@Req() request: PlatformRequest, @Res() response: object): Promise<void> {
    const { bearer, body, origin } = this.door.admission(request);
    const token = await this.useCase.run({ bearer, named: namedToken(body), origin });
    const answer = await this.farewell.say(request, token, origin);
    this.farewell.expireCookies(this.adapterHost.httpAdapter, response);
    send(this.adapterHost.httpAdapter, response, answer);
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
