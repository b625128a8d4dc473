import { Body, Controller, Get, Post, Request, UnauthorizedException } from '@nestjs/common';
import { createSigner } from 'fast-jwt';
import { jwtConstants } from '../constants.js';
import { UsersService } from '../users/users.service.js';
import { Public } from './token.guard.js';

const sign = createSigner({ key: jwtConstants.secret, expiresIn: '1h' });

@Controller()
export class AppController {
  constructor(private readonly usersService: UsersService) {}

  @Public()
  @Post('login')
  async login(@Body() { username = '', password }: Record<string, string>) {
    const user = await this.usersService.findOne(username);
    if (user?.password !== password) throw new UnauthorizedException('Who are you?');
    return { access_token: sign({ sub: user.userId, username: user.username }) };
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
