import type { Algorithm } from '../keys/algorithms';
import type { KeyInput } from '../keys/keys';
import { kindOf, misconfigured } from '../../options/misconfiguration';
import { custom, optional, resolve, whole, type Resolved, type Table } from '../../options/option';
import { audiencesOf, type Claims } from './claims';
import { accepted, algorithmList, keyList, typeList } from './rule-options';

/**
 * What tells refresh tokens from access tokens of the same issuer; at least one of `types`,
 * `audience`, `claim` and `keys`. In all else they keep the rules of its access tokens.
 */
export interface RefreshTokenRules {
  /** The header `typ` of refresh tokens, of which access tokens have none. */
  readonly types?: readonly string[];
  /**
   * The audience of refresh tokens. A token that names it in `aud` is no access token; `null`: theirs
   * is not checked.
   * @defaultValue that of access tokens, which tells nothing apart
   */
  readonly audience?: string | readonly string[] | null;
  /** A claim that refresh tokens have with this value, and access tokens have not. */
  readonly claim?: RefreshClaim;
  /** With `keys`: their algorithms. @defaultValue those of access tokens */
  readonly algorithms?: readonly Algorithm[];
  /** What verifies refresh tokens, and no access token. */
  readonly keys?: KeyInput | readonly KeyInput[];
  /**
   * The longest `exp − iat` of a refresh token, in whole seconds, 1–34 560 000 (400 days).
   * @defaultValue 2 678 400 (31 days)
   */
  readonly maxLifetimeSeconds?: number;
}

export interface RefreshClaim {
  readonly name: string;
  readonly value: string | number | boolean;
}

const DAY_SECONDS = 86_400;
const CLAIM =
  'an object { name, value } with the name of a claim and a text, a number or a boolean';

const MEMBERS = {
  types: optional(typeList({ says: 'The header `typ` of refresh tokens.' })),
  audience: optional(accepted({ says: 'The audience of refresh tokens.' })),
  claim: optional(
    custom<RefreshClaim>({ mustBe: CLAIM, read: readClaim }, { says: 'A claim of theirs alone.' }),
  ),
  algorithms: optional(algorithmList({ says: 'The algorithms of their keys.' })),
  keys: optional(keyList({ says: 'Keys of theirs alone.' })),
  maxLifetimeSeconds: whole(1, 400 * DAY_SECONDS, {
    unit: 'seconds',
    default: 31 * DAY_SECONDS,
    says: 'The longest `exp − iat` of a refresh token.',
  }),
} satisfies Table<RefreshTokenRules>;

export type ResolvedRefreshTokens = Resolved<typeof MEMBERS>;

const MUST_BE =
  'an object with at least one of types, audience, claim and keys, which tell refresh tokens from ' +
  'access tokens';

export const refreshTokens = custom<ResolvedRefreshTokens, RefreshTokenRules>(
  { mustBe: MUST_BE, read: readRefreshTokens },
  { says: 'What refresh tokens are, where they are JWTs: they are no bearers then.' },
);

function readRefreshTokens(value: unknown, option: string): ResolvedRefreshTokens {
  const rules = resolve(MEMBERS, value, {}, `${option}.`);
  const { types, audience, claim, keys, algorithms } = rules;
  if (types === undefined && audience == null && claim === undefined && keys === undefined)
    throw misconfigured(
      option,
      MUST_BE,
      'none of them',
      "Set types: ['refresh+jwt'], for example.",
    );
  if (algorithms !== undefined && keys === undefined)
    throw misconfigured(`${option}.algorithms`, 'left out without keys', 'a list');
  return rules;
}

function readClaim(value: unknown, option: string): RefreshClaim {
  if (typeof value !== 'object' || value === null)
    throw misconfigured(option, CLAIM, kindOf(value));
  const { name, value: expected } = value as Partial<Record<keyof RefreshClaim, unknown>>;
  const isValue = ['string', 'number', 'boolean'].includes(typeof expected);
  if (typeof name !== 'string' || name === '' || !isValue || Number.isNaN(expected))
    throw misconfigured(option, CLAIM, 'an object with something else');
  if (name === 'aud')
    throw misconfigured(`${option}.name`, 'another claim than aud', name, 'Set audience instead.');
  return { name, value: expected as RefreshClaim['value'] };
}

/** Whether a token is marked as a refresh token by what it claims. */
export function isMarkedAsRefresh(
  claims: Claims,
  { audience, claim }: Pick<ResolvedRefreshTokens, 'audience' | 'claim'>,
): boolean {
  if (claim !== undefined && claims[claim.name] === claim.value) return true;
  if (audience == null) return false;
  return audiencesOf(claims.aud).some((each) => audience.has(each));
}
