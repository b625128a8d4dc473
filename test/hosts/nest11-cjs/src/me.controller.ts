import { Controller, Get, UseGuards } from '@nestjs/common';
import { CurrentToken, JwtAuthGuard, type VerifiedToken } from 'nestjs-logout';

/** A route that refuses a token that was logged out. */
@Controller('me')
@UseGuards(JwtAuthGuard)
export class MeController {
  @Get()
  me(@CurrentToken() { claims }: VerifiedToken): { user: string } {
    return { user: String(claims.sub) };
  }
}
