import { Injectable } from '@nestjs/common';
import { LiveConnections } from '../../live/live-connections';
import { mapMaybe } from '../../tokens/maybe-promise';
import type { VerifiedToken } from '../../tokens/verified-token';
import { LogoutAnswers, type Answer } from '../../web/answers';
import type { PlatformRequest } from '../../web/request';
import { RequestAuthenticator, verifiedTokenOf } from '../../web/request-authenticator';

/** Lets connections in by a live token, and ends them with it. */
@Injectable()
export class LiveAdmission {
  constructor(
    private readonly authenticator: RequestAuthenticator,
    private readonly answers: LogoutAnswers,
    /** Of this application. */
    readonly connections: LiveConnections,
  ) {}

  /**
   * The token of a request that may open a connection, checked as `JwtAuthGuard` does; sets
   * `request.user`. Throws or rejects.
   * @throws what `refuse` takes: the connection must not be opened.
   */
  admit(request: PlatformRequest): VerifiedToken | Promise<VerifiedToken> {
    return mapMaybe(this.authenticator.admit(request), (user) => {
      request.user = user;
      return admittedTokenOf(request);
    });
  }

  /** What the client is told of what `admit` throws. Outages are logged, one line a minute. */
  refuse(error: unknown): Answer {
    return this.answers.answerError(error);
  }
}

function admittedTokenOf(request: PlatformRequest): VerifiedToken {
  const token = verifiedTokenOf(request);
  if (token === undefined) throw new TypeError('A request was let in without a token.');
  return token;
}
