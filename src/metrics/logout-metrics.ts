import {
  metrics,
  type BatchObservableResult,
  type Meter,
  type MeterProvider,
  type Observable,
} from '@opentelemetry/api';
import type { RevocationStore } from '../revocation/revocation-store';
import type { PublishedKeys } from '../tokens/jwks/published-keys';
import type { RefusalCounts } from './refusal-counts';
import type { RemovalCount } from './removal-count';
import { seconds, STORE_METRICS, type StoreMetric } from './store-metrics';

/**
 * Reports to OpenTelemetry: the state of the store, the refused requests by their reason, the requests
 * from which enforcement removed a token, and the age of the keys of issuers, by names in the options.
 * The figures are read at collection; without an SDK there is no collection. No label names a user,
 * a token, an address or anything else of a request. Two stores in one process need a provider
 * each: with a shared one, each would report the other's figures.
 */
export class LogoutMetrics {
  private remove: (() => void) | undefined;

  /** @param provider by default the one that the SDK has made known by the time of `register()`. */
  constructor(
    private readonly store: Pick<RevocationStore, 'status'>,
    private readonly refusals: RefusalCounts,
    private readonly removals: Pick<RemovalCount, 'total'>,
    private readonly published: Pick<PublishedKeys, 'ages'>,
    private readonly provider?: MeterProvider,
  ) {}

  /** From here on collections see our metrics. Idempotent. */
  register(): void {
    if (this.remove !== undefined) return;
    const meter = (this.provider ?? metrics.getMeterProvider()).getMeter('nestjs-logout');
    const figures = STORE_METRICS.map((metric) => [metric, instrumentOf(meter, metric)] as const);
    const refusals = meter.createObservableCounter('nestjs_logout.refusals', {
      unit: '{request}',
      description: 'Requests that were refused, by the reason that the audit gives too.',
    });
    const removals = meter.createObservableCounter('nestjs_logout.removed_tokens', {
      unit: '{request}',
      description:
        "Requests from which enforcement removed a revoked token, before the host's guards saw it.",
    });
    const keyAges = meter.createObservableGauge('nestjs_logout.issuer.keys.age', {
      unit: 's',
      description:
        'Since the issuer last answered with its keys; from jwksStaleSeconds on its tokens get 500.',
    });
    const observe = (result: BatchObservableResult): void => {
      const status = this.store.status();
      for (const [{ read }, instrument] of figures) {
        const value = read(status);
        if (value !== undefined) result.observe(instrument, value);
      }
      for (const [reason, count] of this.refusals) result.observe(refusals, count, { reason });
      result.observe(removals, this.removals.total);
      for (const { issuer, ageMs } of this.published.ages)
        result.observe(keyAges, seconds(ageMs), { issuer });
    };
    const instruments = [
      ...figures.map(([, instrument]) => instrument),
      ...[refusals, removals, keyAges],
    ];
    meter.addBatchObservableCallback(observe, instruments);
    this.remove = () => {
      meter.removeBatchObservableCallback(observe, instruments);
    };
  }

  /** The store is asked no more; SDKs may repeat its last figures until they are shut down. Idempotent. */
  unregister(): void {
    this.remove?.();
    this.remove = undefined;
  }
}

function instrumentOf(meter: Meter, { name, kind, unit, description }: StoreMetric): Observable {
  return kind === 'gauge'
    ? meter.createObservableGauge(name, { unit, description })
    : meter.createObservableCounter(name, { unit, description });
}
