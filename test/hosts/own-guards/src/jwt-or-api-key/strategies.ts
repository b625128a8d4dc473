import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { Strategy as CustomStrategy } from 'passport-custom';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { jwtConstants } from '../constants.js';

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: jwtConstants.secret,
    });
  }

  validate({ sub, username }: { sub: number; username: string }) {
    return { userId: sub, username };
  }
}

@Injectable()
export class ApiKeyStrategy extends PassportStrategy(CustomStrategy, 'api-key') {
  validate(request: Request) {
    if (request.headers['x-api-key'] !== process.env.API_KEY) return null;
    return { client: 'nightly report' };
  }
}
