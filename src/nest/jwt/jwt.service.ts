import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Optional, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import {
  JsonWebTokenError,
  JwtService as NestJwtService,
  type JwtModuleOptions,
  type JwtSignOptions,
  type JwtVerifyOptions,
} from '@nestjs/jwt';
import { RevokedTokensService } from '../../revocation/revoked-tokens.service';
import type { Standing } from '../../revocation/token-revocation-check';
import { fromOwnApplication, MODULE_REF } from '../own-application';
import { withJti } from './with-jti';

/** Has no constructor of its own: Nest injects into that of @nestjs/jwt. */
@Injectable()
class RevocableJwtService extends NestJwtService implements OnModuleInit {
  @Optional()
  @Inject(ModuleRef)
  private readonly [MODULE_REF]?: ModuleRef;

  /** @throws {TypeError} the application has not our module. */
  onModuleInit(): void {
    this.revokedTokens();
  }

  override sign(payload: string | Buffer | object, options?: JwtSignOptions): string {
    if (typeof payload === 'string') return super.sign(payload, options);
    return super.sign(payload, withJti(payload, options, this.moduleOptions.signOptions));
  }

  override signAsync(payload: string | Buffer | object, options?: JwtSignOptions): Promise<string> {
    if (typeof payload === 'string') return super.signAsync(payload, options);
    return super.signAsync(payload, withJti(payload, options, this.moduleOptions.signOptions));
  }

  async issuePair(
    payload: Readonly<Record<string, unknown>>,
    { access, refresh: { claims, ...refresh } }: TokenPairOptions,
  ): Promise<TokenPair> {
    // A `jti` names one token, and these are two.
    const own = { ...payload, sid: payload.sid ?? randomUUID(), jti: undefined };
    const [accessToken, refreshToken] = await Promise.all([
      this.signAsync({ ...own }, access),
      this.signAsync({ ...own, ...claims }, refresh),
    ]);
    return { accessToken, refreshToken };
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as @nestjs/jwt has it
  override verify<T extends object>(token: string, options?: JwtVerifyOptions): T {
    const payload = super.verify<T>(token, options);
    const standing = this.revokedTokens().knownVerified(token);
    if (standing === undefined)
      throw new JsonWebTokenError(
        'nestjs-logout: memory cannot tell now whether this token is revoked. Use verifyAsync(), ' +
          'which asks the database.',
      );
    refuseUnlessLive(standing);
    return payload;
  }

  override async verifyAsync<T extends object>(
    token: string,
    options?: JwtVerifyOptions,
  ): Promise<T> {
    const payload = await super.verifyAsync<T>(token, options);
    refuseUnlessLive(await this.revokedTokens().checkVerified(token));
    return payload;
  }

  /** What `register` was given; private to @nestjs/jwt, whose declarations hide its type. */
  private get moduleOptions(): JwtModuleOptions {
    return this['options'] as JwtModuleOptions;
  }

  private revokedTokens(): RevokedTokensService {
    return fromOwnApplication(RevokedTokensService, this[MODULE_REF], 'nestjs-logout/jwt');
  }
}

function refuseUnlessLive(standing: Standing): void {
  if (standing === 'revoked') throw new JsonWebTokenError('jwt revoked');
  // Only with `ignoreExpiration`, or a long `clockTolerance`.
  if (standing === 'expired')
    throw new JsonWebTokenError('jwt expired so long ago that its revocation may be forgotten');
}

/** The access token and the refresh token of one login. */
export interface TokenPair {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** How `issuePair` signs its two tokens. */
export interface TokenPairOptions {
  /** @defaultValue `signOptions` of the module */
  readonly access?: JwtSignOptions;
  /** What tells refresh tokens apart by the option `refreshTokens`: a key, an audience, a claim. */
  readonly refresh: JwtSignOptions & {
    /** Claims that the refresh token has beside those of the access token, or in place of them. */
    readonly claims?: Readonly<Record<string, unknown>>;
  };
}

/**
 * The `JwtService` of @nestjs/jwt, by the same types, for tokens that can be logged out.
 *
 * `sign` and `signAsync` add a random `jti` where none is given; claims stay as they are.
 * `verifyAsync` verifies by your key and options, and then asks whether the token is revoked. It
 * rejects with a `JsonWebTokenError` where it is, or where it expired so long ago that its
 * revocation may be forgotten; and with a `StoreUnavailableError` where that cannot be told now.
 * `verify` answers from memory alone, and throws a `JsonWebTokenError` where that does not suffice.
 */
export interface JwtService extends NestJwtService {
  /**
   * The two tokens of a login. Both have the same `sid`: that of the payload, or a random one. Where
   * a refresh passes the `sid` of its token on, all tokens of one login have it.
   */
  issuePair(
    payload: Readonly<Record<string, unknown>>,
    options: TokenPairOptions,
  ): Promise<TokenPair>;
}

export const JwtService: new (
  ...parameters: ConstructorParameters<typeof NestJwtService>
) => JwtService = RevocableJwtService;
