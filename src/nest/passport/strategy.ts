import { Inject, Optional, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import {
  Strategy as PassportJwtStrategy,
  type JwtFromRequestFunction,
  type StrategyOptions,
  type VerifiedCallback,
  type VerifyCallback,
  type VerifyCallbackWithRequest,
} from 'passport-jwt';
import { TokenRejectedError } from '../../revocation/errors';
import type { Standing } from '../../revocation/token-revocation-check';
import { catchMaybe, mapMaybe } from '../../tokens/maybe-promise';
import { sourceOf, type PlatformRequest } from '../../web/request';
import { applicationOf, LogoutApplication } from '../logout-application';
import { fromOwnApplication, MODULE_REF } from '../own-application';

type Verify = VerifyCallback | VerifyCallbackWithRequest<PlatformRequest>;

class RevocableStrategy extends PassportJwtStrategy implements OnModuleInit {
  /** Nest injects into a property of the base class where it builds the host's strategy. */
  @Optional()
  @Inject(ModuleRef)
  private readonly [MODULE_REF]?: ModuleRef;

  constructor(options: StrategyOptions, verify: Verify) {
    const presented = new WeakMap<object, string>();
    super(
      {
        ...options,
        jwtFromRequest: noting(presented, options.jwtFromRequest),
        passReqToCallback: true,
      },
      (request: PlatformRequest, payload: unknown, done: VerifiedCallback) => {
        const live = (): void => {
          if (options.passReqToCallback === true) verify(request, payload, done);
          else (verify as VerifyCallback)(payload, done);
        };
        this.askFirst(presented.get(request), request, live, done);
      },
    );
  }

  /** @throws {TypeError} the application has not our module. */
  onModuleInit(): void {
    this.ownApplication();
  }

  /** Goes on to the host's `validate` where the token is live. */
  private askFirst(
    token: string | undefined,
    request: PlatformRequest,
    live: () => void,
    done: VerifiedCallback,
  ): void {
    void catchMaybe(
      () =>
        mapMaybe(this.standingOf(token, request), (standing) => {
          if (standing === 'live') live();
          else done(null, false, REJECTIONS[standing]);
        }),
      (error) => {
        done(error);
      },
    );
  }

  private standingOf(
    token: string | undefined,
    request: PlatformRequest,
  ): Standing | Promise<Standing> {
    // passport-jwt verifies no token but the extractor's; without it nothing could be asked.
    if (token === undefined) return 'revoked';
    const { tokens } = applicationOf(request) ?? this.ownApplication();
    return tokens.checkVerified(token, () => sourceOf(request));
  }

  private ownApplication(): LogoutApplication {
    return fromOwnApplication(LogoutApplication, this[MODULE_REF], 'nestjs-logout/passport');
  }
}

const REJECTIONS = {
  revoked: new TokenRejectedError('TOKEN_REVOKED'),
  expired: new TokenRejectedError('TOKEN_EXPIRED'),
} as const;

/** The extractor, which leaves in `presented` what it found: the check must be of the same token. */
function noting(
  presented: WeakMap<object, string>,
  extract: JwtFromRequestFunction | undefined,
): JwtFromRequestFunction {
  if (extract === undefined)
    throw new TypeError('nestjs-logout/passport: the option "jwtFromRequest" is required.');
  return (request: object) => {
    const token = extract(request);
    if (typeof token === 'string') presented.set(request, token);
    return token;
  };
}

/**
 * The `Strategy` of passport-jwt, by the same types, for tokens that can be logged out. Between the
 * signature and your `validate` it asks whether the token is revoked. If it is, or expired so long
 * ago that its revocation may be forgotten, the strategy fails with a `TokenRejectedError`; where
 * that cannot be told now, it errs with a `StoreUnavailableError`. The application needs
 * `LogoutModule`, in any of its modules.
 */
export const Strategy: typeof PassportJwtStrategy = RevocableStrategy;
export type Strategy = PassportJwtStrategy;
