import { tokenKeys } from '../token-keys';
import type { ParsedToken } from '../verified-token';
import { isClaims, type Claims } from './claims';
import type { Issuers } from './issuers';
import { parseJsonObject } from './json-object';
import { sessionIdIn } from './session-claim';

/** What a payload says, by the rules of the issuer that it names. Nothing of it is verified. */
export interface ReadPayload extends ParsedToken {
  /**
   * It has no subject, and the rules ask for one; or what shall name its session has another form.
   * Such a token is not accepted.
   */
  readonly isMisnamed: boolean;
}

/**
 * Reads payloads into claims and keys. What was read last is kept: enforcement and the guard read
 * the same token of a request, and nothing but its signature costs more.
 */
export class PayloadReader {
  private last: { readonly signingInput: string; readonly token: ReadPayload } | undefined;
  /** Whether the claims of the last token may be given to one caller more. */
  private mayShare = false;

  constructor(private readonly issuers: Issuers) {}

  /**
   * For a caller that writes nothing to the claims.
   * @param signingInput `header.payload` as received.
   * @returns `undefined`: the claims are not of the right form.
   */
  peek(payload: string, signingInput: string): ReadPayload | undefined {
    return this.again(payload, signingInput) ?? this.readNew(payload, signingInput, true);
  }

  /** Like `peek`; what is written to the claims reaches no later reading. */
  read(payload: string, signingInput: string): ReadPayload | undefined {
    return this.again(payload, signingInput) ?? this.readNew(payload, signingInput, false);
  }

  private again(payload: string, signingInput: string): ReadPayload | undefined {
    const { last, mayShare } = this;
    // The payload is part of the signing input: where that is equal, so is the payload.
    if (last?.signingInput !== signingInput) return undefined;
    this.mayShare = false;
    if (mayShare) return last.token;
    const claims = claimsOf(payload);
    const { subject, sessionId, isMisnamed, revocationKey, keys } = last.token;
    return claims && { claims, subject, sessionId, isMisnamed, revocationKey, keys };
  }

  private readNew(
    payload: string,
    signingInput: string,
    mayShare: boolean,
  ): ReadPayload | undefined {
    const claims = claimsOf(payload);
    if (claims === undefined) return undefined;
    const issuer = this.issuers.of(claims.iss);
    const foundSubject = issuer.readSubject(claims);
    const foundSession = sessionIdIn(claims, issuer.sessionClaim);
    const subject = foundSubject ?? undefined;
    const sessionId = foundSession ?? undefined;
    const isMisnamed = foundSubject === null || foundSession === null;
    const { tokenIdentity, cutoffClaim } = issuer;
    const named = { claims, subject, sessionId };
    const { revocationKey, keys } = tokenKeys(named, signingInput, tokenIdentity, cutoffClaim);
    const token = { claims, subject, sessionId, isMisnamed, revocationKey, keys };
    this.last = { signingInput, token };
    this.mayShare = mayShare;
    return token;
  }
}

function claimsOf(payload: string): Claims | undefined {
  const object = parseJsonObject(payload);
  return object !== undefined && isClaims(object) ? object : undefined;
}
