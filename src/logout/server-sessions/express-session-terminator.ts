import { ServerSessionTerminator, type ServerSession } from './server-session-terminator';

/**
 * Ends the session of express-session at logout.
 *
 * @example
 * const sessionStore = new RedisStore({ client });
 * app.use(session({ store: sessionStore, secret, resave: false, saveUninitialized: false }));
 * // in the options of AuthModule:
 * sessionTerminators: [new ExpressSessionTerminator(sessionStore, store)]
 */
export class ExpressSessionTerminator extends ServerSessionTerminator {
  readonly name = 'express-session';

  protected idOf(session: ServerSession): unknown {
    return 'id' in session ? session.id : undefined;
  }
}
