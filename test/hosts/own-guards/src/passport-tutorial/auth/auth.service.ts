import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { UsersService } from '../../users/users.service.js';

export interface SignedIn {
  userId: number;
  username: string;
}

@Injectable()
export class AuthService {
  constructor(
    private readonly usersService: UsersService,
    private readonly jwtService: JwtService,
  ) {}

  async validateUser(username: string, password: string): Promise<SignedIn | null> {
    const user = await this.usersService.findOne(username);
    if (user?.password !== password) return null;
    return { userId: user.userId, username: user.username };
  }

  login(user: SignedIn): { access_token: string } {
    const payload = { username: user.username, sub: user.userId };
    return { access_token: this.jwtService.sign(payload) };
  }
}
