import { kindOf, misconfigured } from '../../options/misconfiguration';
import { readOptions, resolve, withoutHoles, type Resolved } from '../../options/option';
import type { Algorithm } from '../keys/algorithms';
import { fixedKeys } from '../keys/issuer-keys';
import { KeySet } from '../keys/key-set';
import { PublishedKeys } from '../jwks/published-keys';
import { readKeys } from '../keys/keys';
import { type Issuer, Issuers } from './issuers';
import {
  refuseShared,
  refuseSharedKeys,
  refuseUnboundKeys,
  type IssuerWithKeys,
} from './key-separation';
import { keySourceOf } from './key-source';
import { ownIssuer, type OwnTokens } from './own-tokens';
import type { ResolvedRefreshTokens } from './refresh-token-rules';
import { noticesOf, warningsOf } from './rule-notices';
import { COMMON_RULES, ISSUER_RULES, type MultiIssuerRules, type TokenRules } from './token-rules';

/** The rules with every default in place, checked, with keys prepared. */
export interface ResolvedTokenRules {
  readonly issuers: Issuers;
  readonly maxTokenBytes: number;
  readonly clockToleranceSeconds: number;
  /** What the boot has to say of them, a sentence each. */
  readonly notices: readonly string[];
  /** What the boot has to warn of. */
  readonly warnings: readonly string[];
}

/** What the issuers of one application have in common. */
interface Shared {
  readonly clockToleranceSeconds: number;
  readonly published: PublishedKeys;
}

const DAY_SECONDS = 86_400;

/** Each has keys that are kept, and fetched. */
const MAX_ISSUERS = 100;

/** What a token is for: to be sent to an API, or to get a new one of those (RFC 6749 §1.5). */
export type TokenUse = 'access' | 'refresh';

/** Whether the rules say of any issuer what its refresh tokens are. */
export function hasRefreshTokens(rules: TokenRules | MultiIssuerRules): boolean {
  return (rules.issuers ?? [rules]).some(({ refreshTokens }) => refreshTokens !== undefined);
}

/** Whether any issuer sends logout tokens. The rules need not be checked yet. */
export function hasBackchannel({ issuers, ...rules }: TokenRules | MultiIssuerRules): boolean {
  const all: readonly unknown[] = Array.isArray(issuers) ? issuers : [rules];
  return all.some(
    (each) => typeof each === 'object' && each !== null && Reflect.get(each, 'backchannel') != null,
  );
}

/**
 * @param use for `refresh`, the rules say of an issuer what its refresh tokens are.
 * @param own accepted beside what the rules accept.
 * @param published where the keys come from that issuers publish.
 * @throws {TypeError} naming the option, what it must be and what it was.
 */
export function resolveTokenRules(
  rules: TokenRules | MultiIssuerRules,
  use: TokenUse = 'access',
  own?: OwnTokens,
  published = new PublishedKeys(),
): ResolvedTokenRules {
  const { clockToleranceSeconds, maxTokenBytes } = readOptions(COMMON_RULES, rules);
  const both = readIssuers(rules, { clockToleranceSeconds, published }, own);
  const [first, ...others] = use === 'access' ? both : refreshing(both);
  return Object.freeze({
    issuers: new Issuers([first.issuer, ...others.map(({ issuer }) => issuer)]),
    maxTokenBytes,
    clockToleranceSeconds,
    notices: noticesOf([first, ...others]),
    warnings: warningsOf([first, ...others]),
  });
}

function readIssuers(
  rules: TokenRules | MultiIssuerRules,
  shared: Shared,
  own: OwnTokens | undefined,
): readonly [IssuerWithKeys, ...IssuerWithKeys[]] {
  if (own === undefined) return readOthers(rules, shared);
  const ours = ownIssuer(own, shared.clockToleranceSeconds);
  if (rules.issuers?.length === 0) return [ours];
  const [first, ...others] = readOthers(rules, shared);
  for (const other of [first, ...others]) {
    if (other.issuer.names === null)
      throw misconfigured('issuer', 'a name beside sessions', 'null', 'Name the other issuer.');
    refuseShared(ours, other, 'sessions');
  }
  return [first, ...others, ours];
}

function readOthers(
  rules: TokenRules | MultiIssuerRules,
  shared: Shared,
): readonly [IssuerWithKeys, ...IssuerWithKeys[]] {
  if (rules.issuers === undefined) {
    const only = issuerOf(readOptions(ISSUER_RULES, rules), '', shared);
    refuseUnboundKeys(only);
    if (only.refresh !== undefined) refuseUnboundKeys(only.refresh);
    return [only];
  }
  const [first, ...others] = readNamedIssuers(rules, shared);
  if (first === undefined || others.length >= MAX_ISSUERS) {
    const got = first === undefined ? kindOf(rules.issuers) : `${others.length + 1} of them`;
    throw misconfigured('issuers', `a list of 1 to ${MAX_ISSUERS} issuers`, got);
  }
  [first, ...others].forEach((each, at, all) => {
    for (const earlier of all.slice(0, at)) refuseShared(each, earlier, `issuers[${at}]`);
  });
  return [first, ...others];
}

function readNamedIssuers(rules: MultiIssuerRules, shared: Shared): readonly IssuerWithKeys[] {
  const beside = Object.keys(ISSUER_RULES).find((name) => Reflect.get(rules, name) !== undefined);
  if (beside !== undefined)
    throw misconfigured(beside, 'left out beside issuers', 'both', 'Move it into each issuer.');
  const list: unknown = withoutHoles(rules.issuers);
  if (!Array.isArray(list)) return [];
  return list.map((member: unknown, at) => {
    const prefix = `issuers[${at}].`;
    const read = resolve(ISSUER_RULES, member, {}, prefix);
    if (read.issuer === null)
      throw misconfigured(`${prefix}issuer`, 'its name or a list of its names', 'null');
    return issuerOf(read, prefix, shared);
  });
}

function issuerOf(
  rules: Resolved<typeof ISSUER_RULES>,
  prefix: string,
  { clockToleranceSeconds, published }: Shared,
): IssuerWithKeys {
  const { issuer: names, audience: audiences, clientIds } = rules;
  const { algorithms, types, subjectClaim, sessionClaim, tokenIdentity, idTokens } = rules;
  const { logoutCovers, cutoffClaim, sessionSeconds, refreshTokens, backchannel } = rules;
  const { maxLifetimeSeconds } = rules;
  const longestTokenSeconds = Math.max(maxLifetimeSeconds, refreshTokens?.maxLifetimeSeconds ?? 0);
  if (backchannel !== undefined && names === null)
    throw misconfigured(`${prefix}issuer`, 'a name beside backchannel', 'null', NAME_THE_ISSUER);
  if (backchannel !== undefined && subjectClaim.isAnyOf)
    throw misconfigured(
      `${prefix}subjectClaim`,
      'one claim beside backchannel',
      'a list',
      ONE_CLAIM,
    );
  const coversSessions = logoutCovers === 'session' || backchannel !== undefined;
  if (coversSessions || cutoffClaim === 'auth_time')
    refuseLongSessions(sessionSeconds, longestTokenSeconds, prefix);
  const { keys, configured, jwksUri } = keySourceOf(rules, prefix, published);
  const issuer: Issuer = Object.freeze({
    keys,
    names,
    audiences,
    clientIds,
    types: types ?? new Set([undefined, 'jwt', 'at+jwt']),
    clockToleranceSeconds,
    maxLifetimeSeconds,
    tokenIdentity,
    idTokens,
    readSubject: subjectClaim.readSubject,
    sessionClaim,
    logoutCovers,
    cutoffClaim,
    sessionSeconds,
    longestLifetimeSeconds: longestTokenSeconds,
    refreshTokens,
    backchannel,
  });
  const own = { issuer, keys: configured, ...(jwksUri !== undefined && { jwksUri }) };
  if (refreshTokens === undefined) return own;
  return { ...own, refresh: refreshOf(own, refreshTokens, algorithms, `${prefix}refreshTokens`) };
}

const NAME_THE_ISSUER = 'Name the issuer that sends logout tokens.';
const ONE_CLAIM =
  'A logout token may have another of them than the access tokens, and would end nothing. Name the ' +
  'claim that both have.';

/** A store keeps no revocation for longer. */
const LONGEST_KEPT_SECONDS = 400 * DAY_SECONDS;

function refuseLongSessions(sessionSeconds: number, longest: number, prefix: string): void {
  if (longest + sessionSeconds <= LONGEST_KEPT_SECONDS) return;
  const advice = `Lower it, or the longest lifetime of a token, ${longest}.`;
  const mustBe = `at most 400 days (${LONGEST_KEPT_SECONDS}) with the longest lifetime of a token`;
  throw misconfigured(`${prefix}sessionSeconds`, mustBe, String(sessionSeconds), advice);
}

/** The same issuer, as its refresh tokens have it. */
function refreshOf(
  access: IssuerWithKeys,
  rules: ResolvedRefreshTokens,
  algorithms: readonly Algorithm[] | undefined,
  option: string,
): IssuerWithKeys {
  const { types, audience, keys: given, maxLifetimeSeconds } = rules;
  refuseOverlap(`${option}.types`, types, access.issuer.types);
  refuseOverlap(`${option}.audience`, audience, access.issuer.audiences);
  const ofThese = rules.algorithms ?? algorithms;
  if (given !== undefined && ofThese === undefined)
    throw misconfigured(`${option}.algorithms`, 'those of its keys', 'undefined');
  const keys = given === undefined ? access.keys : readKeys(`${option}.keys`, given, ofThese ?? []);
  const issuer: Issuer = Object.freeze({
    ...access.issuer,
    keys: given === undefined ? access.issuer.keys : fixedKeys(new KeySet(keys)),
    types: types ?? access.issuer.types,
    audiences: audience === undefined ? access.issuer.audiences : audience,
    maxLifetimeSeconds,
  });
  const refresh = { issuer, keys };
  if (given !== undefined) refuseSharedKeys(refresh, access);
  return refresh;
}

function refuseOverlap(
  option: string,
  names: ReadonlySet<string> | null | undefined,
  ofAccess: ReadonlySet<string | undefined> | null,
): void {
  const shared = [...(names ?? [])].find((name) => ofAccess?.has(name) === true);
  if (shared === undefined) return;
  const advice = 'A refresh token would be accepted as an access token.';
  throw misconfigured(
    option,
    'of refresh tokens alone',
    `${shared}, as access tokens have`,
    advice,
  );
}

function refreshing(
  all: readonly IssuerWithKeys[],
): readonly [IssuerWithKeys, ...IssuerWithKeys[]] {
  const [first, ...others] = all.flatMap(({ refresh }) => refresh ?? []);
  if (first === undefined)
    throw misconfigured('refreshTokens', 'what tells refresh tokens apart', 'undefined');
  return [first, ...others];
}
