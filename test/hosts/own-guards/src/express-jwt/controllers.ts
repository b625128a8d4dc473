import { Body, Controller, Get, Post, Request, UnauthorizedException } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { UsersService } from '../users/users.service.js';

@Controller()
export class AppController {
  constructor(
    private readonly usersService: UsersService,
    private readonly jwtService: JwtService,
  ) {}

  @Post('login')
  async login(@Body() { username = '', password }: Record<string, string>) {
    const user = await this.usersService.findOne(username);
    if (user?.password !== password) throw new UnauthorizedException();
    const payload = { sub: user.userId, username: user.username };
    return { access_token: await this.jwtService.signAsync(payload) };
  }

  @Get()
  findAll() {
    return [];
  }
}

@Controller('profile')
export class ProfileController {
  @Get()
  getProfile(@Request() request: { auth: unknown }) {
    return request.auth;
  }
}
