import { revocationKey } from '../identity';
import { kindOfMember } from '../explanation/explanation';
import { isIssuerName } from '../verification/claims';
import type { Issuer } from '../verification/issuers';
import { type JsonObject, parseJsonObject } from '../verification/json-object';
import type { ResolvedTokenRules } from '../verification/resolved-rules';
import { dependsOnKeys, finalVerdict } from '../verification/final-verdict';
import { faultOfSignature } from '../verification/signature-fault';
import { splitToken, type TokenParts } from '../verification/token-form';
import { parseHeader, type TokenHeader } from '../verification/token-header';
import type { LogoutTokenCause, LogoutTokenVerification, RefusedLogoutToken } from './logout-token';
import { readLogoutClaims, type LogoutTokenIssuer } from './logout-token-claims';

/** The header `typ` of logout tokens (Back-Channel Logout 1.0 §2.4). */
const LOGOUT_TYPE = 'logout+jwt';
const TYPES = new Set([LOGOUT_TYPE, 'jwt', undefined]);
const REQUIRED_TYPES = new Set([LOGOUT_TYPE]);

/** A text of the right form, and the issuer whose keys it must have been signed with. */
interface ParsedLogoutToken {
  readonly parts: TokenParts;
  readonly header: TokenHeader;
  readonly payload: JsonObject;
  readonly issuer: LogoutTokenIssuer;
  /** The issuer that it names. */
  readonly iss: string;
}

/**
 * Decides whether a text is a logout token of an issuer with `backchannel`: by the algorithms and the
 * keys of its access tokens, and claims of its own. No option turns any of it off. No access token
 * and no ID token passes here, and no logout token as one of those.
 */
export class LogoutTokenVerifier {
  /** @param clock milliseconds since the epoch. */
  constructor(
    private readonly rules: ResolvedTokenRules,
    private readonly clock: () => number,
  ) {}

  /**
   * The final verdict on a text, whatever that is. Where no known key has signed it, the issuer is
   * asked for new ones, and waited for, five seconds at most. If it has not answered by then, or may
   * not be asked again yet, the verdict is `doubtful`. Never rejects.
   */
  async verify(text: unknown): Promise<LogoutTokenVerification> {
    const parsed = this.parse(text);
    if ('verdict' in parsed) return parsed;
    const verification = this.check(parsed);
    if (!dependsOnKeys(verification)) return verification;
    const behind = { keys: parsed.issuer.keys, issuer: parsed.iss };
    return finalVerdict('logout', behind, () => this.check(parsed));
  }

  private parse(text: unknown): ParsedLogoutToken | RefusedLogoutToken {
    const parts = splitToken(text, this.rules.maxTokenBytes);
    if (parts === undefined) return refused('form');
    const header = parseHeader(parts.header);
    if (header === undefined) return refused('header');
    const payload = parseJsonObject(parts.payload);
    const iss = payload?.iss;
    if (payload === undefined || !isIssuerName(iss)) return ofNoIssuer(kindOfMember(iss));
    // Until its signature is known to be good, the payload says nothing but whose keys to ask.
    const issuer = this.rules.issuers.find(iss);
    if (!sendsLogoutTokens(issuer)) return ofNoIssuer(JSON.stringify(iss));
    return { parts, header, payload, issuer, iss };
  }

  private check({
    parts,
    header,
    payload,
    issuer,
    iss,
  }: ParsedLogoutToken): LogoutTokenVerification {
    const { current } = issuer.keys;
    if (current === undefined) return { verdict: 'unknown', issuer: iss };
    const types = issuer.backchannel.requireTyp ? REQUIRED_TYPES : TYPES;
    const cause = faultOfSignature(parts, header, current, types);
    if (cause !== undefined) return refused(cause);
    const read = readLogoutClaims(payload, issuer, this.clock() / 1000);
    if ('verdict' in read) return read;
    const fingerprint = revocationKey('logout-token', parts.signingInput);
    return { verdict: 'genuine', token: { ...read, issuer: iss, fingerprint } };
  }
}

function refused(cause: LogoutTokenCause): RefusedLogoutToken {
  return { verdict: 'refused', cause };
}

/** @param found what stands in `iss`: the name is said, as it is no secret and is what has to match. */
function ofNoIssuer(found: string): RefusedLogoutToken {
  return { verdict: 'refused', cause: 'issuer', member: 'iss', found };
}

function sendsLogoutTokens(issuer: Issuer | undefined): issuer is LogoutTokenIssuer {
  return issuer?.backchannel !== undefined;
}
