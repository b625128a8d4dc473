import { resolve, type Table } from '../options/option';
import type { NamedIssuer } from '../tokens/verification/token-rules';
import { DAY_SECONDS, domain } from './inputs';

export interface SupabaseOptions {
  /** Of the project, `<ref>.supabase.co`, or its custom domain. */
  readonly domain: string;
}

export const SUPABASE_OPTIONS = {
  domain: domain('abcdefghijklmnopqrst.supabase.co', 'The domain of the project.'),
} satisfies Table<SupabaseOptions>;

/**
 * The access tokens of Supabase Auth, of a project with asymmetric signing keys. The API keys `anon`
 * and `service_role` have another issuer.
 * @throws {TypeError} naming the option, what it must be and what it was.
 */
export function supabase(options: SupabaseOptions): NamedIssuer {
  const read = resolve(SUPABASE_OPTIONS, options, {}, 'supabase.');
  const issuer = `https://${read.domain}/auth/v1`;
  return {
    issuer,
    audience: 'authenticated',
    jwksUri: `${issuer}/.well-known/jwks.json`,
    algorithms: ['ES256', 'RS256'],
    maxLifetimeSeconds: 7 * DAY_SECONDS,
    sessionClaim: 'session_id', // refreshed tokens keep it; a new login gets another
  };
}
