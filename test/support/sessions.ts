import { randomBytes } from 'node:crypto';
import { LogoutCore } from '../../src/core/compose';
import type { RevocationStore } from '../../src/revocation/revocation-store';
import { sessions, type SessionOptions } from '../../src/sessions/session-options';
import type { MultiIssuerRules, TokenRules } from '../../src/tokens/verification/token-rules';

export const OWN_ISSUER = 'https://api.example';

/** Good options of `sessions`, with keys of their own. */
export const sessionOptions = (options: Partial<SessionOptions> = {}): SessionOptions => ({
  signingKeys: randomBytes(32),
  refreshKeys: randomBytes(32),
  issuer: OWN_ISSUER,
  audience: OWN_ISSUER,
  ...options,
});

/** The core of a host that keeps sessions, without HTTP. Lines of the audit go to `lines`. */
export function coreWithSessions(
  store: RevocationStore,
  options: Partial<SessionOptions> = {},
  tokenRules: TokenRules | MultiIssuerRules = { issuers: [] },
  lines: string[] = [],
): LogoutCore {
  return new LogoutCore({
    tokenRules,
    store,
    sessions: sessions.read(sessionOptions(options), 'sessions'),
    logoutRules: { isBodyTokenOptional: false, isRepeatable: false },
    liveGraceMs: 4000,
    printAudit: (line) => lines.push(line),
    printRefusal: () => undefined,
    printNotice: () => undefined,
    onError: (error) => {
      throw error;
    },
  });
}
