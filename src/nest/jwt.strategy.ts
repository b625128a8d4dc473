import { HttpException, Injectable, Logger } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-jwt';
import { LogoutAnswers } from '../web/answers';
import type { PlatformRequest } from '../web/request';
import { RequestAuthenticator } from '../web/request-authenticator';

/** Not `jwt`: that name is most hosts' own, and Passport would silently replace theirs. */
const STRATEGY_NAME = 'logout-jwt';

/** What we use of Passport's strategy; written out so that hosts need no @types/passport-jwt. */
type PassportStrategyClass = new (options: { secretOrKey: string; jwtFromRequest: () => null }) => {
  success(user: unknown): void;
  error(error: Error): void;
};

const LogoutJwtStrategy: PassportStrategyClass = PassportStrategy(Strategy, STRATEGY_NAME);

/**
 * For hosts that compose guards with Passport: `AuthGuard('logout-jwt')`. The verdicts and bodies
 * are those of `JwtAuthGuard`, which needs no Passport and also sets `WWW-Authenticate`.
 */
@Injectable()
export class JwtStrategy extends LogoutJwtStrategy {
  private readonly logger = new Logger(JwtStrategy.name);

  constructor(
    private readonly authenticator: RequestAuthenticator,
    private readonly answers: LogoutAnswers,
  ) {
    // passport-jwt insists on a key and an extractor; `authenticate` below needs neither.
    super({ secretOrKey: 'unused', jwtFromRequest: () => null });
  }

  /** Verifies by our one acceptance path instead of passport-jwt's. */
  authenticate(request: PlatformRequest): void {
    Promise.resolve()
      .then(() => this.authenticator.admit(request))
      .then(
        (user) => {
          this.success(user);
        },
        (error: unknown) => {
          this.error(this.refusal(error));
        },
      );
  }

  /** Never called: the host's own check is the option `validate`. */
  validate(): never {
    throw new Error('logout-jwt verifies in authenticate().');
  }

  private refusal(error: unknown): HttpException {
    if (error instanceof HttpException) return error;
    const { status, body } = this.answers.answerError(error);
    if (status >= 500) this.logger.error(error);
    return new HttpException(body, status);
  }
}
