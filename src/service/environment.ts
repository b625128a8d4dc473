import { isIP } from 'node:net';
import { INTROSPECTION_OPTIONS } from '../introspection/introspection-options';
import {
  MODULE_OPTIONS,
  type AuthModuleOptions,
  type MultiIssuerOptions,
} from '../nest/auth.options';
import {
  checked,
  flag,
  list,
  oneOf,
  optional,
  readOptions,
  resolve,
  text,
  whole,
  type Resolved,
} from '../options/option';
import {
  badVariable,
  inVariables,
  readVariables,
  refuseMisspelt,
  variablesOf,
} from '../options/variables';
import {
  POSTGRES_STORE_OPTIONS,
  POSTGRES_URL,
  type PostgresStoreOptions,
} from '../stores/postgres/options';
import { COMMON_RULES, ISSUER_RULES, TOKEN_RULES } from '../tokens/verification/token-rules';
import { AN_ORIGIN, isOrigin } from '../web/origin';
import { readTokenEnvironment } from './token-environment';
import { noticesOfUnknown, refuseForeignSpellings } from './unknown-variables';

export const LOG_LEVELS = ['error', 'warn', 'log', 'debug'] as const;

type TrustedProxies = false | number | readonly string[];

const ANY = /^/;

/** What the service is told beside the options of the module and of the store. */
export const SERVICE_OPTIONS = {
  port: whole(0, 65_535, {
    default: 3000,
    env: 'PORT',
    says: 'The port that the service listens on; 0: a free one.',
  }),
  operationsPort: optional(
    whole(0, 65_535, {
      defaultSays: 'that of `PORT`',
      env: 'OPERATIONS_PORT',
      says: 'A port for `/health`, `/metrics` and `/docs`, which `PORT` then does not serve.',
    }),
  ),
  host: text('an address', ANY, {
    default: '127.0.0.1',
    env: 'HOST',
    says: 'The address that the service listens on; 0.0.0.0: all of the machine.',
  }),
  platform: oneOf(['express', 'fastify'], {
    default: 'express',
    env: 'PLATFORM',
    says: 'The HTTP framework.',
  }),
  databaseUrl: optional(
    text('a URL such as postgres://user:password@host:5432/database', POSTGRES_URL, {
      defaultSays: 'an embedded PostgreSQL below `DATA_DIR`',
      env: 'DATABASE_URL',
      says: 'The database.',
    }),
  ),
  dataDir: optional(
    text('a folder', ANY, {
      defaultSays: '`.data`',
      env: 'DATA_DIR',
      says: 'Where the embedded PostgreSQL and the secret made by the service are kept.',
    }),
  ),
  secret: optional(
    text('a secret', ANY, {
      defaultSays: 'made once, and kept below `DATA_DIR`',
      env: 'JWT_SECRET',
      says: 'The secret of HS* tokens. In production this or another place of keys must be set.',
    }),
  ),
  publicKey: optional(
    text('public keys in PEM', ANY, {
      env: 'JWT_PUBLIC_KEY',
      says: 'The keys of the other algorithms, one after the other. Set `JWT_ALGORITHMS` with it.',
    }),
  ),
  trustProxy: checked<TrustedProxies>(
    {
      mustBe: 'off, a number of proxies, or a list of networks such as 10.0.0.0/8',
      isGood: (value): value is TrustedProxies =>
        value === false || typeof value === 'number' || Array.isArray(value),
      fromText: readProxies,
    },
    {
      default: false,
      defaultSays: 'off',
      env: 'TRUST_PROXY',
      says: 'Which proxies’ `X-Forwarded-*` to believe: the nearest n, or those in these networks.',
    },
  ),
  corsOrigins: {
    ...list(AN_ORIGIN, isOrigin, {
      default: [],
      env: 'CORS_ORIGINS',
      says: 'Which pages of other origins may use the service; without it, none may.',
    }),
    fromText: readOrigins,
    textMustBe: 'origins such as https://app.example.com, by commas: without a path, and without *',
  },
  logLevel: oneOf(LOG_LEVELS, {
    default: 'log',
    env: 'LOG_LEVEL',
    says: 'The lowest level that is written.',
  }),
  isProduction: {
    ...flag({
      default: false,
      defaultSays: 'none',
      env: 'NODE_ENV',
      says: 'With `production`, a key must be given, and TLS is demanded behind a trusted proxy.',
    }),
    fromText: (name: string) => name === 'production',
    textMustBe: 'production, or anything else',
  },
  mayUseHttp: flag({
    default: false,
    env: 'ALLOW_HTTP',
    says: 'Whether plain http is served in production behind a trusted proxy.',
  }),
};

/** Every table that has variables. */
export const VARIABLE_TABLES = [
  SERVICE_OPTIONS,
  ISSUER_RULES,
  { issuers: TOKEN_RULES.issuers },
  COMMON_RULES,
  MODULE_OPTIONS,
  POSTGRES_STORE_OPTIONS,
] as const;

type ServiceOptions = Resolved<typeof SERVICE_OPTIONS>;

/** What the service is told by its environment, read and checked. */
export interface Environment extends Omit<ServiceOptions, 'secret' | 'publicKey'> {
  /** The secret or the public keys, where variables give one. */
  readonly key: string | undefined;
  /** Whether keys are nowhere: a secret is made, and kept below `dataDir`. */
  readonly needsOwnKey: boolean;
  readonly module: Omit<AuthModuleOptions, 'store'> | Omit<MultiIssuerOptions, 'store'>;
  readonly store: PostgresStoreOptions;
  /** What the start has to warn of, a sentence each. */
  readonly notices: readonly string[];
}

/**
 * Reads the environment; docs/options.md lists the variables.
 * @throws {TypeError} naming the variable and what it must be.
 */
export function readEnvironment(values: NodeJS.ProcessEnv): Environment {
  // To ignore it would be to promise what is not done.
  if ((values.REDIS_URL ?? '').trim() !== '')
    throw badVariable('REDIS_URL', 'left out: this version does not have it yet');
  const names = variablesOf(...VARIABLE_TABLES);
  refuseMisspelt(values, names);
  refuseForeignSpellings(values, names, { ...ISSUER_RULES, ...COMMON_RULES });
  const service = resolve(SERVICE_OPTIONS, readVariables(SERVICE_OPTIONS, values));
  const { secret, publicKey, ...rest } = service;
  const { rules, ...keys } = readTokenEnvironment(values, {
    secret,
    publicKey,
    isProduction: rest.isProduction,
  });
  const module = readVariables(MODULE_OPTIONS, values);
  inVariables(INTROSPECTION_OPTIONS, {}, () => readOptions(INTROSPECTION_OPTIONS, module));
  return {
    ...rest,
    ...keys,
    module: { ...rules, ...module },
    store: readVariables(POSTGRES_STORE_OPTIONS, values),
    notices: [...uncheckedIn(rules), ...noticesOfUnknown(values, names)],
  };
}

/** What is not checked of tokens: a sentence, or none. */
function uncheckedIn({ issuer, audience }: Environment['module']): readonly string[] {
  const names = [
    ...(issuer === null ? ['JWT_ISSUER'] : []),
    ...(audience === null ? ['JWT_AUDIENCE'] : []),
  ];
  if (names.length === 0) return [];
  return [`${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} not set, so not checked.`];
}

function readOrigins(value: string): readonly string[] | undefined {
  const origins = members(value);
  return origins.every(isOrigin) ? origins : undefined;
}

function readProxies(value: string): TrustedProxies | undefined {
  if (value === 'off' || value === 'false') return false;
  if (/^\d{1,2}$/.test(value)) return Number(value);
  const networks = members(value);
  return networks.every(isNetwork) ? networks : undefined;
}

const members = (value: string): string[] =>
  value.split(',').flatMap((member) => member.trim() || []);

/** An address, or a network in CIDR notation (RFC 4632 §3.1). */
function isNetwork(network: string): boolean {
  const [address = '', bits, ...rest] = network.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  );
}
