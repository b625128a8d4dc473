import { UseGuards } from '@nestjs/common';
import { Context, Query, Resolver } from '@nestjs/graphql';
import { CurrentToken, JwtAuthGuard } from 'nestjs-logout';
import type { VerifiedToken } from 'nestjs-logout';

interface WithRequest {
  req: { user: { sub: string } };
}

@Resolver()
@UseGuards(JwtAuthGuard)
export class MeResolver {
  @Query(() => [String])
  me(@CurrentToken() { claims }: VerifiedToken, @Context() { req }: WithRequest): string[] {
    return [String(claims.sub), req.user.sub];
  }
}
