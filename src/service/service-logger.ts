import { ConsoleLogger, type ConsoleLoggerOptions } from '@nestjs/common';

/** What Nest says of each module and route at a start: fourteen lines, the same each time. */
const WIRING = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer']);

/** The log, without what Nest tells of its own wiring. */
export class ServiceLogger extends ConsoleLogger {
  constructor(logLevels: ConsoleLoggerOptions['logLevels']) {
    super({ json: true, logLevels });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (typeof context === 'string' && WIRING.has(context)) return;
    super.log(message, ...rest);
  }
}
