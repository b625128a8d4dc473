import type { NamedIssuer } from '../../src';
import { AUDIENCE, ISSUER } from '../tokens';

/** What an application is called at the OpenID provider of the bench. */
export const CLIENT_ID = 'web';

/**
 * The issuer of the bench, and an OpenID provider whose logouts are taken.
 * @param secret that verifies the tokens of the bench.
 */
export const withProvider = (provider: string, secret: string): readonly NamedIssuer[] => [
  { issuer: ISSUER, audience: AUDIENCE, algorithms: ['HS256'], keys: secret },
  {
    issuer: provider,
    audience: AUDIENCE,
    discovery: true,
    backchannel: { clientIds: CLIENT_ID },
  },
];
