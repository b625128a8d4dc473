import {
  resolveOptions,
  type MultiIssuerRevocationOptions,
  type RevocationOptions,
} from '../plain/revocation-options';
import { FastifyRevocation } from './fastify-revocation';

/**
 * A logout for a Fastify app: a route, two hooks, the service and the audit behind them.
 *
 * @throws {TypeError} an option is not what it must be; the message names it.
 * @example
 * const { logout, verifyToken } = createRevocation({
 *   algorithms: ['HS256'],
 *   keys: process.env.JWT_SECRET ?? '',
 *   store: new MemoryRevocationStore(),
 * });
 * app.post('/logout', logout);
 * app.get('/protected', { onRequest: verifyToken }, (request) => request.user);
 */
export function createRevocation(
  options: RevocationOptions | MultiIssuerRevocationOptions,
): FastifyRevocation {
  return new FastifyRevocation(resolveOptions(options));
}
