import { randomUUID } from 'node:crypto';
import type { Signer } from '../tokens/keys/signing-keys';
import { signedJwts, type SignJwt } from '../tokens/keys/signed-jwts';
import { ID_TOKEN_CLAIMS, MESSAGE_CLAIMS } from '../tokens/verification/claims';
import { isJsonObject } from '../tokens/verification/json-object';
import type { SessionClaims } from './session-options';
import type { Session } from '../revocation/session-store';

const MAX_CLAIMS_BYTES = 2048;

/** Claims that say something to verifiers, or to us; a hook may not write them. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'], // RFC 7519 §4.1
  ...['client_id', 'azp', 'auth_time', 'acr', 'amr', 'cnf', 'act', 'may_act'],
  ...['sid', 'iat_ms', 'opened_ms'],
  ...ID_TOKEN_CLAIMS,
  ...MESSAGE_CLAIMS,
]);

export interface AccessTokenRules {
  readonly signer: Signer;
  readonly audience: readonly [string, ...string[]];
  readonly accessSeconds: number;
}

/** An access token, and for how many seconds it is good. */
export interface AccessToken {
  readonly text: string;
  readonly expiresIn: number;
}

/** Signs the access tokens of our sessions (RFC 9068), with times in whole seconds. */
export class AccessTokens {
  private readonly sign: SignJwt;

  constructor(private readonly rules: AccessTokenRules) {
    this.sign = signedJwts(rules.signer, 'at+jwt');
  }

  /**
   * @param at when it is issued, by the store's clock.
   * @param claims as `checkClaims` took them.
   * @returns a token that lives no longer than its session.
   */
  mint(session: Session, at: Date, claims: SessionClaims = {}): AccessToken {
    const { audience, accessSeconds } = this.rules;
    const [first, ...others] = audience;
    const iat = Math.floor(at.getTime() / 1000);
    const exp = Math.min(iat + accessSeconds, Math.floor(session.expiresAt.getTime() / 1000));
    const payload = {
      ...claims,
      iss: session.issuer,
      sub: session.subject,
      aud: others.length === 0 ? first : audience,
      client_id: session.clientId,
      iat,
      exp,
      jti: randomUUID(),
      sid: session.sid,
      iat_ms: at.getTime(),
      opened_ms: session.openedAt.getTime(),
    };
    return { text: this.sign(payload), expiresIn: exp - iat };
  }
}

/**
 * What the hook `claims` returned, if a token may carry it.
 * @throws {TypeError} it is no object, too long, or has a name that means something.
 */
export function checkClaims(returned: unknown): SessionClaims {
  if (!isJsonObject(returned)) throw refused('an object, or null to end the session');
  const reserved = Object.keys(returned).find((name) => RESERVED.has(name));
  if (reserved !== undefined) throw refused(`claims of your own, not "${reserved}"`);
  if (Buffer.byteLength(JSON.stringify(returned)) > MAX_CLAIMS_BYTES)
    throw refused(`at most ${MAX_CLAIMS_BYTES} bytes as JSON`);
  return returned;
}

function refused(mustBe: string): TypeError {
  return new TypeError(`nestjs-logout: what "sessions.claims" returns must be ${mustBe}.`);
}
