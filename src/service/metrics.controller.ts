import { Controller, Get, Header } from '@nestjs/common';
import { ServiceMetrics } from './metrics';

/** For Prometheus and whatever reads its format. Figures only, but nothing for the public. */
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: ServiceMetrics) {}

  @Get()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @Header('Cache-Control', 'no-store')
  read(): Promise<string> {
    return this.metrics.text();
  }
}
