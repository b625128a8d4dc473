import { UseGuards } from '@nestjs/common';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { CurrentToken, JwtAuthGuard } from 'nestjs-logout';
import type { VerifiedToken } from 'nestjs-logout';

interface Client {
  user: { sub: string };
}

/** Serves socket.io, or `ws` where the application sets that adapter. */
@WebSocketGateway({ path: '/live' })
@UseGuards(JwtAuthGuard)
export class MeGateway {
  @SubscribeMessage('me')
  me(@CurrentToken() { claims }: VerifiedToken, @ConnectedSocket() { user }: Client) {
    return { event: 'me', data: [claims.sub, user.sub] };
  }
}
