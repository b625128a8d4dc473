import { ServerSessionTerminator, type ServerSession } from './server-session-terminator';

/**
 * Ends the session of `@fastify/session` at logout.
 *
 * @example
 * const sessionStore = new RedisStore({ client });
 * await app.register(fastifySession, { store: sessionStore, secret });
 * // in the options of AuthModule:
 * sessionTerminators: [new FastifySessionTerminator(sessionStore, store)]
 */
export class FastifySessionTerminator extends ServerSessionTerminator {
  readonly name = '@fastify/session';

  protected idOf(session: ServerSession): unknown {
    return 'sessionId' in session ? session.sessionId : undefined;
  }
}
