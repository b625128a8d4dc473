import { Controller, Get, UseGuards } from '@nestjs/common';
import { CurrentToken, JwtAuthGuard, VerifiedToken } from 'nestjs-logout';

@Controller('me')
@UseGuards(JwtAuthGuard)
export class MeController {
  @Get()
  me(@CurrentToken() { subject }: VerifiedToken) {
    return { user: subject };
  }
}
