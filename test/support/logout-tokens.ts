import { randomUUID } from 'node:crypto';
import { LOGOUT_EVENT } from '../../src/tokens/logout-token/logout-token-claims';
import { ISSUER, type TestIssuer } from './tokens';

/** What the identity provider of tests calls us. */
export const CLIENT_ID = 'our-client';
export const BACKCHANNEL = { clientIds: CLIENT_ID } as const;
export const BACKCHANNEL_LOGOUT = '/api/v1/auth/backchannel-logout';

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** The claims of a logout token that is good in every respect: of session s1, issued this second. */
export function logoutClaims(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const iat = nowSeconds();
  return {
    iss: ISSUER,
    aud: CLIENT_ID,
    iat,
    exp: iat + 120,
    jti: randomUUID(),
    sid: 's1',
    events: { [LOGOUT_EVENT]: {} },
    ...changes,
  };
}

/** A logout token, with `typ: logout+jwt`, but for what is changed; `undefined` leaves out. */
export function logoutToken(
  issuer: TestIssuer,
  changes: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): string {
  const head = { alg: issuer.algorithm, typ: 'logout+jwt', ...header };
  return issuer.signed(JSON.stringify(head), JSON.stringify(logoutClaims(changes)));
}
