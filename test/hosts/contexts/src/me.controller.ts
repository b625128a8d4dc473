import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { CurrentToken, JwtAuthGuard } from 'nestjs-logout';
import type { VerifiedToken } from 'nestjs-logout';

@Controller('me')
@UseGuards(JwtAuthGuard)
export class MeController {
  @Get()
  me(@CurrentToken() { claims }: VerifiedToken, @Req() { user }: { user: { sub: string } }) {
    return [claims.sub, user.sub];
  }
}
