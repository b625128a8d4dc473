import { resolve, type Table } from '../options/option';
import type { NamedIssuer } from '../tokens/verification/token-rules';
import { HOUR_SECONDS, names, type Names } from './inputs';

export interface GoogleOptions {
  /** The clients whose users send ID tokens. */
  readonly clientIds: Names;
}

export const GOOGLE_OPTIONS = {
  clientIds: names('The clients whose users send ID tokens.'),
} satisfies Table<GoogleOptions>;

/**
 * The ID tokens of Google accounts, which apps send to their own API. Google's access tokens are no
 * JWTs.
 * @throws {TypeError} naming the option, what it must be and what it was.
 */
export function google(options: GoogleOptions): NamedIssuer {
  const { clientIds } = resolve(GOOGLE_OPTIONS, options, {}, 'google.');
  return {
    issuer: ['https://accounts.google.com', 'accounts.google.com'], // it writes both
    audience: clientIds,
    idTokens: 'accept',
    jwksUri: 'https://www.googleapis.com/oauth2/v3/certs',
    algorithms: ['RS256'],
    maxLifetimeSeconds: 2 * HOUR_SECONDS,
  };
}
