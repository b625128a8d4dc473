import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

/** Collects when it is asked to, as an exporter would. */
class ManualReader extends MetricReader {
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** OpenTelemetry's own SDK, read by hand. */
export class MetricsProbe {
  private readonly reader = new ManualReader();
  readonly provider = new MeterProvider({ readers: [this.reader] });

  /** Every figure of now, by the name of its metric, or `name{reason}` where it has that label. */
  async figures(): Promise<Record<string, unknown>> {
    const points = await this.points();
    return Object.fromEntries(
      points.map(({ name, attributes, value }) => [
        'reason' in attributes ? `${name}{${String(attributes.reason)}}` : name,
        value,
      ]),
    );
  }

  /** The reasons of refusals that were counted at all, with their counts. */
  async refusals(): Promise<Record<string, unknown>> {
    const points = await this.points();
    return Object.fromEntries(
      points
        .filter(({ name, value }) => name === 'nestjs_logout.refusals' && value !== 0)
        .map(({ attributes, value }) => [String(attributes.reason), value]),
    );
  }

  async points() {
    const { resourceMetrics, errors } = await this.reader.collect();
    if (errors.length > 0) throw new AggregateError(errors);
    return resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => ({ ...descriptor, attributes, value })),
      );
  }
}
