import { HttpException, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { TokenRejectedError } from '../revocation/errors';
import type { Answer } from '../web/answers';
import type { PlatformRequest } from '../web/request';
import { applicationOf, LogoutApplication } from './logout-application';

/** Not `jwt`: that name is most hosts' own, and Passport would silently replace theirs. */
const STRATEGY_NAME = 'logout-jwt';

/** What Passport gives each strategy with each request; its own base class is an empty one too. */
abstract class Strategy {
  declare success: (user: unknown) => void;
  declare fail: (challenge: string | undefined, status: number) => void;
  declare error: (error: unknown) => void;
}

const LogoutJwtStrategy = PassportStrategy(Strategy as new () => Strategy, STRATEGY_NAME);

/**
 * For hosts that compose guards with Passport: `AuthGuard(['logout-jwt', 'api-key'])`. The verdicts
 * are those of `JwtAuthGuard`. What is no live token fails, with our challenge and status (RFC 6750
 * §3), so that Passport asks the next strategy; where none is left, `AuthGuard` answers a 401 of
 * Nest's. That a token cannot be checked is an error, with the documented 500: it ends the chain.
 */
@Injectable()
export class JwtStrategy extends LogoutJwtStrategy {
  constructor(private readonly own: LogoutApplication) {
    super();
  }

  /** Called by Passport, also for requests of another application in this process. */
  authenticate(request: PlatformRequest): void {
    const { authenticator, answers } = applicationOf(request) ?? this.own;
    Promise.resolve()
      .then(() => authenticator.admit(request))
      .then(
        (user) => {
          this.success(user);
        },
        (error: unknown) => {
          // What the host's `validate` throws on purpose is the host's answer.
          if (error instanceof HttpException) this.error(error);
          else this.refuse(error, answers.answerError(error));
        },
      );
  }

  /** Never called: the host's own check is the option `validate`. */
  validate(): never {
    throw new Error('logout-jwt verifies in authenticate().');
  }

  private refuse(error: unknown, { status, body, headers }: Answer): void {
    if (error instanceof TokenRejectedError) {
      this.fail(headers['WWW-Authenticate'], status);
    } else {
      this.error(new HttpException(body, status));
    }
  }
}
