import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { jwtConstants } from '../constants.js';

const fromCookie = ({ cookies }: Request): string | null => cookies?.access_token ?? null;

@Injectable()
export class JwtFromCookieStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromExtractors([fromCookie]),
      secretOrKey: jwtConstants.secret,
    });
  }

  validate({ sub, username }: { sub: number; username: string }) {
    return { userId: sub, username };
  }
}
