import { randomUUID } from 'node:crypto';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';

/** Stands for the login that a host has anyway; it signs for every client. */
@Controller('login')
export class LoginController {
  constructor(private readonly jwt: JwtService) {}

  @Post()
  @HttpCode(200)
  async login(@Body() { user }: { user: string }): Promise<{ accessToken: string }> {
    const accessToken = await this.jwt.signAsync({}, { subject: user, jwtid: randomUUID() });
    return { accessToken };
  }
}
