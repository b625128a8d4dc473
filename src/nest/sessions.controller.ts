import { Param, Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { OwnSessions, type OwnSession } from '../sessions/own-sessions';
import type { AdmittedRequest } from '../web/admitted-request';
import { LogoutAnswers } from '../web/answers';
import type { PlatformRequest } from '../web/request';
import { ROUTES } from '../web/routes';
import { Admitted, Gated } from './gated.decorator';
import { LogoutEffects } from './logout-effects';
import { OurRoutes } from './our-routes.decorator';
import { send } from './send';

/** What users do with their sessions. Exists where the option `sessions` is set. */
@OurRoutes()
export class SessionsController {
  constructor(
    private readonly sessions: OwnSessions,
    private readonly effects: LogoutEffects,
    private readonly answers: LogoutAnswers,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** Ends all sessions of the user but that of the bearer. */
  @Gated(ROUTES.logoutOthers)
  async endOthers(
    @Admitted() { bearer, source }: AdmittedRequest,
    @Res() response: object,
  ): Promise<void> {
    await this.sessions.endOthers(bearer, source);
    send(this.adapterHost.httpAdapter, response, this.answers.answer('LOGGED_OUT'));
  }

  /** Ends all sessions of the user. */
  @Gated(ROUTES.logoutAll)
  async endAll(
    @Admitted() { bearer, source }: AdmittedRequest,
    @Req() request: PlatformRequest,
    @Res() response: object,
  ): Promise<void> {
    const token = await this.sessions.endAll(bearer, source);
    await this.effects.finish(this.adapterHost.httpAdapter, { request, response }, token, source);
  }

  /** The live sessions of the user. */
  @Gated(ROUTES.listSessions)
  async list(@Admitted() { bearer }: AdmittedRequest, @Res() response: object): Promise<void> {
    const sessions = (await this.sessions.list(bearer)).map(described);
    const answer = this.answers.succeed('ACTIVE_SESSIONS', { sessions });
    send(this.adapterHost.httpAdapter, response, answer);
  }

  /** Ends one session of the user. */
  @Gated(ROUTES.endSession)
  async end(
    @Param('sid') sid: string,
    @Admitted() { bearer, source }: AdmittedRequest,
    @Req() request: PlatformRequest,
    @Res() response: object,
  ): Promise<void> {
    const { httpAdapter } = this.adapterHost;
    const ended = await this.sessions.end(bearer, sid, source);
    if (ended?.isCurrent === true)
      await this.effects.finish(httpAdapter, { request, response }, ended.token, source);
    else send(httpAdapter, response, this.answers.answer(ended ? 'LOGGED_OUT' : 'NOT_FOUND'));
  }
}

/** As the list shows it; instants become ISO 8601 in UTC. */
function described({ session, isCurrent }: OwnSession): object {
  const { sid, device, ip, openedAt, rotatedAt, idleExpiresAt, expiresAt } = session;
  return {
    id: sid,
    current: isCurrent,
    device,
    ip,
    openedAt,
    lastSeenAt: rotatedAt,
    idleExpiresAt,
    expiresAt,
  };
}
