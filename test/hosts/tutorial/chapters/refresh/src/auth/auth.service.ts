import { Injectable, UnauthorizedException } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { UsersService } from '../users/users.service';
import { jwtConstants } from './constants';

const REFRESH = { secret: jwtConstants.refreshSecret };

@Injectable()
export class AuthService {
  constructor(
    private usersService: UsersService,
    private jwtService: JwtService,
  ) {}

  async signIn(username: string, pass: string) {
    const user = await this.usersService.findOne(username);
    if (user?.password !== pass) {
      throw new UnauthorizedException();
    }
    return this.issueTokens({ sub: user.userId, username });
  }

  async refresh(refreshToken: string) {
    const { sub, username } = await this.jwtService.verifyAsync(refreshToken, REFRESH).catch(() => {
      throw new UnauthorizedException();
    });
    return this.issueTokens({ sub, username });
  }

  private async issueTokens(payload: { sub: number; username: string }) {
    return {
      access_token: await this.jwtService.signAsync(payload),
      refresh_token: await this.jwtService.signAsync(payload, { ...REFRESH, expiresIn: '7d' }),
    };
  }
}
