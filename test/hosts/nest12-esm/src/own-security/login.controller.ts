import { randomUUID } from 'node:crypto';
import { Body, Controller, HttpCode, Post, UnauthorizedException } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { partnerSecret } from './partner.strategy.js';
import { UsersService } from './users.js';

interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** The host's own logins: of its users, and of partners whose tokens it verifies by itself. */
@Controller('login')
export class LoginController {
  constructor(
    private readonly users: UsersService,
    private readonly jwt: JwtService,
  ) {}

  @Post()
  @HttpCode(200)
  async login(@Body() { user, password }: Credentials): Promise<{ accessToken: string }> {
    if (!this.users.hasPassword(user, password)) throw new UnauthorizedException();
    const accessToken = await this.jwt.signAsync({}, { subject: user, jwtid: randomUUID() });
    return { accessToken };
  }

  @Post('partner')
  @HttpCode(200)
  async loginPartner(@Body() { user }: Credentials): Promise<{ accessToken: string }> {
    return { accessToken: await this.jwt.signAsync({ partner: user }, { secret: partnerSecret }) };
  }
}
