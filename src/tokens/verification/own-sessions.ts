import type { IssuerRules } from './token-rules';

const OWN_SESSIONS = Symbol('nestjs-logout: own sessions');

/** What is known of an issuer that is this application: it opens sessions, and signs their tokens. */
export class OwnSessions {
  /** @param absoluteSeconds the longest that a session lives, however often it is refreshed. */
  constructor(readonly absoluteSeconds: number) {}
}

/**
 * The rules, marked as those of our own sessions: the claims `opened_ms` and `iat_ms` of their
 * tokens are required, and believed. No option can say so: another issuer would date its own tokens.
 */
export function ofOwnSessions<R extends IssuerRules>(rules: R, own: OwnSessions): R {
  return { ...rules, [OWN_SESSIONS]: own };
}

/** @returns `undefined`: the rules are of any other issuer. */
export function ownSessionsOf(rules: object): OwnSessions | undefined {
  const own: unknown = Object.hasOwn(rules, OWN_SESSIONS) && Reflect.get(rules, OWN_SESSIONS);
  return own instanceof OwnSessions ? own : undefined;
}
