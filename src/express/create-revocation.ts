import { ExpressRevocation } from './express-revocation';
import {
  resolveOptions,
  type MultiIssuerRevocationOptions,
  type RevocationOptions,
} from '../plain/revocation-options';

/**
 * A logout for an Express app: two handlers, the service and the audit behind them.
 *
 * @throws {TypeError} an option is not what it must be; the message names it.
 * @example
 * const { logout, verifyToken } = createRevocation({
 *   algorithms: ['HS256'],
 *   keys: process.env.JWT_SECRET ?? '',
 *   store: new MemoryRevocationStore(),
 * });
 * app.post('/logout', logout); // ahead of express.json(), which answers malformed JSON by itself
 * app.get('/protected', verifyToken, (request, response) => response.json(request.user));
 */
export function createRevocation(
  options: RevocationOptions | MultiIssuerRevocationOptions,
): ExpressRevocation {
  return new ExpressRevocation(resolveOptions(options));
}
