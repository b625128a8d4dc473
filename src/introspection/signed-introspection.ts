import type { Signer } from '../tokens/keys/signing-keys';
import { signedJwts, type SignJwt } from '../tokens/keys/signed-jwts';
import type { IntrospectionAnswer } from './introspection-answer';

/** Signs answers, for callers that keep them as evidence (RFC 9701). */
export class SignedIntrospection {
  private readonly sign: SignJwt;

  /** @param now in ms since the epoch. */
  constructor(
    signer: Signer,
    private readonly issuer: string,
    private readonly now: () => number,
  ) {
    this.sign = signedJwts(signer, 'token-introspection+jwt');
  }

  /** A JWT for that caller, in which the answer stands as it would be sent otherwise (§5). */
  of(answer: IntrospectionAnswer, callerId: string): string {
    const iat = Math.floor(this.now() / 1000);
    return this.sign({ iss: this.issuer, aud: callerId, iat, token_introspection: answer });
  }
}
