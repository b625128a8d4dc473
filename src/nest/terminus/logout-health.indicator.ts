import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { readinessOf } from '../../revocation/readiness';
import { RevocationStore } from '../../revocation/revocation-store';

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
    private readonly store: RevocationStore,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /**
   * Up while memory or direct look-ups answer and the clocks are at most 30 s apart, else down;
   * with what answers (`answersFrom`), `feed`, `leaseAgeMs` and `skewMs`. Never rejects.
   */
  async isHealthy<const Key extends string>(key: Key): Promise<HealthIndicatorResult<Key>> {
    const { isReady, ...details } = await readinessOf(this.store);
    const indicator = this.indicators.check(key);
    return isReady ? indicator.up(details) : indicator.down(details);
  }
}
