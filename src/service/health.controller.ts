import { Controller, Get, Header, Res } from '@nestjs/common';
import { RevocationStore } from '../revocation/revocation-store';

interface Health {
  readonly status: 'ok' | 'unavailable';
}

/** A key of the right form that no token has. */
const NOBODY = '0'.repeat(64);

/** For whoever starts, watches and balances the service. */
@Controller('health')
export class HealthController {
  constructor(private readonly store: RevocationStore) {}

  /** 200 as long as the process answers at all. */
  @Get('live')
  @Header('Cache-Control', 'no-store')
  live(): Health {
    return { status: 'ok' };
  }

  /** 200 while "is this token revoked?" is answered, 503 while it is not. */
  @Get('ready')
  @Header('Cache-Control', 'no-store')
  async ready(@Res({ passthrough: true }) response: StatusSetter): Promise<Health> {
    try {
      await this.store.isRevoked([NOBODY], new Date());
      return { status: 'ok' };
    } catch {
      // What went wrong stands in the log of the requests that it refused.
      response.status(503);
      return { status: 'unavailable' };
    }
  }
}

/** What Express's and Fastify's responses share. */
interface StatusSetter {
  status(code: number): unknown;
}
