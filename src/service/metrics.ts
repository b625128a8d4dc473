import type { OnApplicationShutdown } from '@nestjs/common';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

/** OpenTelemetry's SDK for the service: the module itself knows no more than the API. */
export class ServiceMetrics implements OnApplicationShutdown {
  // It would open a port of its own; ours has the limits and the headers already.
  private readonly exporter = new PrometheusExporter({ preventServerStart: true });
  // No prefix, no timestamps, no constant labels; and neither `target_info` nor a label of the
  // scope, which would only repeat on every line that OpenTelemetry measures us.
  private readonly serializer = new PrometheusSerializer('', false, undefined, true, true);
  readonly provider = new MeterProvider({ readers: [this.exporter] });

  /** Every metric as it is now, in the text format of Prometheus. */
  async text(): Promise<string> {
    const { resourceMetrics, errors } = await this.exporter.collect();
    if (errors.length > 0) throw new AggregateError(errors, 'The metrics could not be collected.');
    return this.serializer.serialize(resourceMetrics);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.provider.shutdown();
  }
}
