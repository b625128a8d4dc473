import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { jwtConstants } from '../constants.js';

const fromSignedCookie = ({ signedCookies }: Request): string | null =>
  signedCookies?.access_token || null;

@Injectable()
export class JwtFromSignedCookieStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromExtractors([fromSignedCookie]),
      secretOrKey: jwtConstants.secret,
    });
  }

  validate({ sub, username }: { sub: number; username: string }) {
    return { userId: sub, username };
  }
}
