import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { JwtAuthGuard } from 'nestjs-logout';
import type { User } from './users.js';

/** Behind our guard; the user is what the host's `validate` made of the token. */
@Controller('me')
@UseGuards(JwtAuthGuard)
export class MeController {
  @Get()
  me(@Req() { user }: { user: User }): User {
    return user;
  }
}

/** Behind our strategy, for hosts that compose their guards with Passport. */
@Controller('account')
@UseGuards(AuthGuard('logout-jwt'))
export class AccountController {
  @Get()
  account(@Req() { user }: { user: User }): User {
    return user;
  }
}

/** Behind the host's own strategy. */
@Controller('orders')
@UseGuards(AuthGuard('jwt'))
export class OrdersController {
  @Get()
  orders(@Req() { user }: { user: { partner: string } }): { partner: string } {
    return user;
  }
}

/** Behind nothing but the host's own limit. */
@Controller('prices')
export class PricesController {
  @Get()
  prices(): { tea: number } {
    return { tea: 3 };
  }
}
