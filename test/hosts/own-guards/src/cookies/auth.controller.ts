import { Body, Controller, Get, Post, Request, Res, UnauthorizedException } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { Response } from 'express';
import { UsersService } from '../users/users.service.js';
import { Public } from './jwt-auth.guard.js';

@Controller()
export class AuthController {
  constructor(
    private readonly usersService: UsersService,
    private readonly jwtService: JwtService,
  ) {}

  @Public()
  @Post('login')
  async login(
    @Body() { username = '', password }: Record<string, string>,
    @Request() request: { secret?: string },
    @Res({ passthrough: true }) response: Response,
  ) {
    const user = await this.usersService.findOne(username);
    if (user?.password !== password) throw new UnauthorizedException();
    const payload = { sub: user.userId, username: user.username };
    response.cookie('access_token', await this.jwtService.signAsync(payload), {
      httpOnly: true,
      sameSite: 'lax',
      // Where cookie-parser was given a secret.
      signed: request.secret !== undefined,
    });
    return { message: 'Welcome' };
  }

  @Get('profile')
  getProfile(@Request() request: { user: unknown }) {
    return request.user;
  }

  @Public()
  @Get()
  findAll() {
    return [];
  }
}
