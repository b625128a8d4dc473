import { Logger } from '@nestjs/common';
import type { PlatformRequest } from '../web/request';
import type { Environment } from './environment';

const MINUTE_MS = 60_000;

/**
 * In production behind a trusted proxy, only what came to that proxy over TLS is served: a token that
 * crossed the network in the clear is not to be trusted.
 */
export class TlsDemand {
  private readonly logger = new Logger('nestjs-logout');
  private readonly isOn: boolean;
  private nextWarning = 0;

  constructor({ isProduction, mayUseHttp, trustProxy }: Environment) {
    this.isOn = isProduction && !mayUseHttp && trustProxy !== false;
  }

  /** Whether the request must be refused; says why in the log, once a minute. */
  refuses(request: PlatformRequest): boolean {
    if (!this.isOn || isByTls(request)) return false;
    const now = Date.now();
    if (now >= this.nextWarning) {
      this.nextWarning = now + MINUTE_MS;
      this.logger.warn(
        'Refused a request (403) that the proxy in front did not mark with one X-Forwarded-Proto: ' +
          'https. Let the proxy overwrite that header; ask /health and /metrics on OPERATIONS_PORT; ' +
          'or set ALLOW_HTTP=true.',
      );
    }
    return true;
  }
}

/**
 * Exactly one value, written by a proxy that the platform trusts: a list tells of two hops that say
 * different things. Schemes know no case (RFC 3986 §3.1).
 */
function isByTls({ headers, protocol = '' }: PlatformRequest): boolean {
  const forwarded = headers['x-forwarded-proto'];
  const isOne = typeof forwarded === 'string' && forwarded.toLowerCase() === 'https';
  return isOne && protocol.toLowerCase() === 'https';
}
