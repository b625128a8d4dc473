import {
  Injectable,
  SetMetadata,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { createVerifier } from 'fast-jwt';
import { jwtConstants } from '../constants.js';

export const Public = () => SetMetadata('public', true);

const verify = createVerifier({ key: jwtConstants.secret, algorithms: ['HS256'] });

interface TokenRequest {
  headers: { authorization?: string };
  user?: unknown;
}

@Injectable()
export class TokenGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>('public', targets)) return true;

    const request = context.switchToHttp().getRequest<TokenRequest>();
    const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
    try {
      request.user = verify(token);
    } catch {
      throw new UnauthorizedException('Please log in');
    }
    return true;
  }
}
