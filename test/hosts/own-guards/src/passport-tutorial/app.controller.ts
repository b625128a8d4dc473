import { Controller, Get, Post, Request, UseGuards } from '@nestjs/common';
import { AuthService, type SignedIn } from './auth/auth.service.js';
import { LocalAuthGuard } from './auth/local-auth.guard.js';
import { Public } from './auth/public.decorator.js';

@Controller()
export class AppController {
  constructor(private readonly authService: AuthService) {}

  @Public()
  @UseGuards(LocalAuthGuard)
  @Post('auth/login')
  login(@Request() request: { user: SignedIn }) {
    return this.authService.login(request.user);
  }

  @Get('profile')
  getProfile(@Request() request: { user: SignedIn }) {
    return request.user;
  }

  @Public()
  @Get()
  findAll() {
    return [];
  }
}
