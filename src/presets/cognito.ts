import { oneOf, resolve, type Table } from '../options/option';
import type { NamedIssuer } from '../tokens/verification/token-rules';
import { DAY_SECONDS, names, shaped, type Names } from './inputs';

export interface CognitoOptions {
  /** It begins with the region. */
  readonly userPoolId: string;
  /** The app clients whose tokens are accepted. */
  readonly clientIds: Names;
  /** Which of the two kinds of tokens users send. @defaultValue 'access' */
  readonly tokenUse?: 'access' | 'id';
  /** The issuer type of the user pool; its tokens name another issuer for each. @defaultValue 'original' */
  readonly issuerType?: 'original' | 'updated';
}

const POOL_ID = /^[a-z]{2}(?:-[a-z]+)+-\d_[A-Za-z0-9]+$/;

export const COGNITO_OPTIONS = {
  userPoolId: shaped(
    'the id of a user pool with its region, such as eu-west-1_AbCdEf123',
    POOL_ID,
    'The id of the user pool.',
  ),
  clientIds: names('The app clients whose tokens are accepted.'),
  tokenUse: oneOf(['access', 'id'], {
    default: 'access',
    says: 'Which tokens users send: access tokens, or ID tokens.',
  }),
  issuerType: oneOf(['original', 'updated'], {
    default: 'original',
    says: 'The issuer type of the user pool (`IssuerConfiguration`).',
  }),
} satisfies Table<CognitoOptions>;

/**
 * The tokens of a user pool of Amazon Cognito: its access tokens, which name their client in
 * `client_id` and have no `aud`; or its ID tokens, which name it in `aud` alone. One is never taken
 * for the other.
 * @throws {TypeError} naming the option, what it must be and what it was.
 */
export function cognito(options: CognitoOptions): NamedIssuer {
  const read = resolve(COGNITO_OPTIONS, options, {}, 'cognito.');
  const { userPoolId, clientIds, tokenUse, issuerType } = read;
  const [region = ''] = userPoolId.split('_');
  const host = issuerType === 'updated' ? 'issuer-cognito-idp' : 'cognito-idp';
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const issuer = `https://${host}.${region}.${domain}/${userPoolId}`;
  const client =
    tokenUse === 'access'
      ? ({ audience: null, clientIds } as const)
      : ({ audience: clientIds, idTokens: 'accept' } as const);
  return {
    issuer,
    ...client,
    jwksUri: `${issuer}/.well-known/jwks.json`,
    algorithms: ['RS256'],
    maxLifetimeSeconds: DAY_SECONDS,
    sessionClaim: 'origin_jti', // refreshed tokens keep it; a new login gets another
    cutoffClaim: 'auth_time', // refreshed tokens keep it
  };
}
