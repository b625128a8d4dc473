import { Controller, Get, Header, Res } from '@nestjs/common';
import type { Readiness } from '../revocation/readiness';
import { RevokedTokensService } from '../revocation/revoked-tokens.service';

interface Liveness {
  readonly status: 'ok';
}

/** `check` tells what answers whether a token is revoked. */
interface Health extends Omit<Readiness, 'isReady' | 'answersFrom'> {
  readonly status: 'ok' | 'unavailable';
  readonly check: Readiness['answersFrom'];
}

/** For orchestrators, monitoring and load balancers. */
@Controller('health')
export class HealthController {
  constructor(private readonly tokens: RevokedTokensService) {}

  /** 200 as long as the process answers at all. */
  @Get('live')
  @Header('Cache-Control', 'no-store')
  live(): Liveness {
    return { status: 'ok' };
  }

  /**
   * 200 while memory or the database answers, the clocks agree, and every issuer has answered with its
   * keys once; 503 otherwise.
   */
  @Get('ready')
  @Header('Cache-Control', 'no-store')
  async ready(@Res({ passthrough: true }) response: StatusSetter): Promise<Health> {
    const { isReady, answersFrom: check, ...details } = await this.tokens.readiness();
    if (!isReady) response.status(503);
    return { status: isReady ? 'ok' : 'unavailable', check, ...details };
  }
}

/** What Express's and Fastify's responses share. */
interface StatusSetter {
  status(code: number): unknown;
}
