import {
  Body,
  Controller,
  Get,
  Post,
  Request,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AuthGuard } from '@nestjs/passport';
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

  @UseGuards(AuthGuard(['jwt', 'api-key']))
  @Get('profile')
  getProfile(@Request() request: { user: unknown }) {
    return request.user;
  }

  @Get()
  findAll() {
    return [];
  }
}
