import type { AuthModuleOptions, MultiIssuerOptions } from '../nest/auth.options';
import { badVariable, inVariables, readVariables, type FromVariables } from '../options/variables';
import { isSymmetric, type Algorithm } from '../tokens/keys/algorithms';
import { resolveTokenRules } from '../tokens/verification/resolved-rules';
import {
  COMMON_RULES,
  ISSUER_RULES,
  TOKEN_RULES,
  type MultiIssuerRules,
  type TokenRules,
} from '../tokens/verification/token-rules';

/** Where the variables say that keys are; one of them at most is set. */
const KEY_VARIABLES = [
  'JWT_SECRET',
  'JWT_PUBLIC_KEY',
  'JWT_JWKS_URI',
  'JWT_DISCOVERY',
  'JWT_ISSUERS',
] as const;

type KeyVariable = (typeof KEY_VARIABLES)[number];

/** What the environment says of tokens. */
export interface TokenEnvironment {
  /** The secret or the public keys, where the variables give one. */
  readonly key: string | undefined;
  /** Whether keys are nowhere: the service makes a secret of its own. */
  readonly needsOwnKey: boolean;
  /** Without `key`. */
  readonly rules: Omit<AuthModuleOptions, 'store'> | Omit<MultiIssuerOptions, 'store'>;
}

interface KeyVariables {
  readonly secret: string | undefined;
  readonly publicKey: string | undefined;
  readonly isProduction: boolean;
}

/**
 * Reads the rules for tokens, and checks them before a database is started: a bad key is the quicker
 * to be mended.
 * @throws {TypeError} naming the variable and what it must be.
 */
export function readTokenEnvironment(
  values: NodeJS.ProcessEnv,
  variables: KeyVariables,
): TokenEnvironment {
  const given = readVariables(ISSUER_RULES, values);
  const { issuers } = readVariables({ issuers: TOKEN_RULES.issuers }, values);
  const found = keyVariablesOf(given, issuers, variables);
  const common = readVariables(COMMON_RULES, values);
  if (found === 'JWT_ISSUERS') {
    const rules = { ...given, ...common, issuers } as MultiIssuerRules;
    check(rules, { issuers: found });
    return { key: undefined, needsOwnKey: false, rules };
  }
  const { secret, publicKey } = variables;
  const areFetched = found === 'JWT_JWKS_URI' || found === 'JWT_DISCOVERY';
  const rules: TokenRules = {
    ...given,
    ...common,
    ...(!areFetched && { algorithms: algorithmsFor(publicKey, given) }),
    issuer: given.issuer ?? null,
    audience: given.audience ?? null,
  };
  const key = secret ?? publicKey;
  if (found !== undefined)
    check({ ...rules, ...(key !== undefined && { keys: key }) }, { keys: found });
  return { key, needsOwnKey: found === undefined, rules };
}

function check(
  rules: TokenRules | MultiIssuerRules,
  names: Readonly<Record<string, string>>,
): void {
  inVariables(TOKEN_RULES, names, () => resolveTokenRules(rules));
}

/** @returns `undefined`: none is set. */
function keyVariablesOf(
  { jwksUri, discovery }: FromVariables<typeof ISSUER_RULES>,
  issuers: unknown,
  { secret, publicKey, isProduction }: KeyVariables,
): KeyVariable | undefined {
  const areSet: Readonly<Record<KeyVariable, boolean>> = {
    JWT_SECRET: secret !== undefined,
    JWT_PUBLIC_KEY: publicKey !== undefined,
    JWT_JWKS_URI: jwksUri !== undefined,
    JWT_DISCOVERY: discovery === true,
    JWT_ISSUERS: issuers !== undefined,
  };
  const [found, other] = KEY_VARIABLES.filter((name) => areSet[name]);
  if (found !== undefined && other !== undefined)
    throw badVariable(found, `left out where ${other} is given: keys are in one place`);
  if (isProduction && found === undefined)
    throw badVariable(
      'JWT_SECRET',
      'set, or JWT_PUBLIC_KEY, JWT_JWKS_URI, JWT_DISCOVERY or JWT_ISSUERS, with NODE_ENV=production',
    );
  return found;
}

function algorithmsFor(
  publicKey: string | undefined,
  { algorithms }: FromVariables<typeof ISSUER_RULES>,
): readonly Algorithm[] {
  if (algorithms !== undefined && algorithms.length > 0) {
    checkFamily(algorithms, publicKey !== undefined);
    return algorithms;
  }
  // A secret fits HS* alone, and of these it need only be long enough for the first.
  if (publicKey === undefined) return ['HS256'];
  throw badVariable('JWT_ALGORITHMS', 'set where JWT_PUBLIC_KEY is, such as RS256 or ES256');
}

function checkFamily(algorithms: readonly Algorithm[], isPublic: boolean): void {
  const areSymmetric = algorithms.map(isSymmetric);
  if (isPublic && areSymmetric.includes(true))
    throw badVariable('JWT_ALGORITHMS', 'without HS*, which needs JWT_SECRET, with JWT_PUBLIC_KEY');
  if (!isPublic && areSymmetric.includes(false))
    throw badVariable('JWT_PUBLIC_KEY', 'set for JWT_ALGORITHMS other than HS*, not JWT_SECRET');
  if (!isPublic && algorithms.length > 1)
    throw badVariable('JWT_ALGORITHMS', 'one algorithm with JWT_SECRET, such as HS256');
}
