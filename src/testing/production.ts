import { Logger } from '@nestjs/common';

/** Says in the log of a production process that something of a test runs there. */
export function warnInProduction(what: string, effect: string): void {
  if (process.env.NODE_ENV !== 'production') return;
  new Logger('nestjs-logout/testing').warn(
    `${what} is for tests, and NODE_ENV is "production": ${effect}. Remove it, or correct NODE_ENV.`,
  );
}
