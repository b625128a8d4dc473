import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import { CurrentToken } from '../nest/current-token.decorator';
import { JwtAuthGuard } from '../nest/jwt-auth.guard';
import type { Claims } from '../tokens/verification/claims';
import type { VerifiedToken } from '../tokens/verification/token-verifier';

/** Tells a live bearer who it is: for services in other languages, and to try a logout out. */
@Controller('api/v1/auth')
@UseGuards(JwtAuthGuard)
export class MeController {
  @Get('me')
  @Header('Cache-Control', 'no-store')
  me(@CurrentToken() token: VerifiedToken): Claims {
    return token.claims;
  }
}
