import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { RevokedTokensService } from '../../revocation/revoked-tokens.service';

/**
 * Tells Terminus whether this instance can tell revoked tokens from live ones. Provide it in a
 * module that imports `TerminusModule` and, unless that is global, `AuthModule`.
 *
 * @example
 * this.health.check([() => this.logout.isHealthy('logout')])
 */
@Injectable()
export class LogoutHealthIndicator {
  constructor(
    private readonly tokens: RevokedTokensService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /**
   * Up while memory or direct look-ups answer, the clocks are at most 30 s apart, and every issuer has
   * answered with its keys once, else down; with what answers (`answersFrom`), `feed`, `leaseAgeMs`,
   * `skewMs` and `issuersWithoutKeys`. Never rejects.
   */
  async isHealthy<const Key extends string>(key: Key): Promise<HealthIndicatorResult<Key>> {
    const { isReady, ...details } = await this.tokens.readiness();
    const indicator = this.indicators.check(key);
    return isReady ? indicator.up(details) : indicator.down(details);
  }
}
