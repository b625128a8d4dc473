import { isIP } from 'node:net';
import { isAlgorithm, SIGNATURE_ALGORITHMS, type Algorithm } from '../tokens/keys/algorithms';

/** What the service is told by its environment, read and checked. */
export interface Environment {
  readonly port: number;
  readonly host: string;
  readonly platform: 'express' | 'fastify';
  /** Absent: an embedded PostgreSQL below `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly dataDir: string | undefined;
  readonly algorithms: readonly Algorithm[];
  /** The secret or the public keys. Absent: a secret is made and kept below `dataDir`. */
  readonly key: string | undefined;
  readonly issuer: string | null;
  readonly audience: string | null;
  readonly clockToleranceSeconds: number | undefined;
  readonly maxLifetimeSeconds: number | undefined;
  /** How tokens are checked: from memory, or by asking the database for each request. */
  readonly check: 'replica' | 'direct' | undefined;
  readonly maxStalenessMs: number | undefined;
  /** What a logout waits for: its own commit, or that every instance knows it. */
  readonly logoutWaits: 'instance' | 'cluster' | undefined;
  readonly throttleLimit: number | undefined;
  readonly throttleTtlMs: number | undefined;
  /** Which proxies' `X-Forwarded-*` to believe: none, the nearest n, or those in these networks. */
  readonly trustProxy: false | number | readonly string[];
  readonly expiredStatus: 401 | 403 | undefined;
  readonly messages: 'es' | 'en' | undefined;
  readonly logLevel: LogLevel;
  readonly isProduction: boolean;
  readonly mayUseHttp: boolean;
}

/** The environment with the key that was given or has been made. */
export interface ServiceSettings extends Environment {
  readonly key: string;
}

export const LOG_LEVELS = ['error', 'warn', 'log', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Reads variables by name, with a sentence for each bad one. An empty one counts as absent. */
class Variables {
  constructor(private readonly values: NodeJS.ProcessEnv) {}

  text(name: string): string | undefined {
    const value = this.values[name]?.trim();
    return value === '' ? undefined : value;
  }

  whole(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw bad(name, `a whole number from ${min} to ${max}`);
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    const choice = choices.find((each) => each === text);
    if (text !== undefined && choice === undefined) throw bad(name, choices.join(' or '));
    return choice;
  }

  list(name: string): string[] {
    return (this.text(name) ?? '').split(',').flatMap((item) => item.trim() || []);
  }
}

/** The value itself is not shown: some of them are secrets. */
function bad(name: string, mustBe: string): TypeError {
  return new TypeError(`${name} must be ${mustBe}.`);
}

/**
 * Reads the environment; README.md lists the variables.
 * @throws {TypeError} naming the variable and what it must be.
 */
export function readEnvironment(values: NodeJS.ProcessEnv): Environment {
  const read = new Variables(values);
  // To ignore it would be to promise what is not done.
  if (read.text('REDIS_URL') !== undefined)
    throw bad('REDIS_URL', 'left out: this version does not have it yet');
  const isProduction = read.text('NODE_ENV') === 'production';
  const expired = read.oneOf('EXPIRED_STATUS', ['401', '403']);
  return {
    port: read.whole('PORT', 0, 65_535) ?? 3000,
    host: read.text('HOST') ?? '127.0.0.1',
    platform: read.oneOf('PLATFORM', ['express', 'fastify']) ?? 'express',
    databaseUrl: databaseUrl(read),
    dataDir: read.text('DATA_DIR'),
    ...keys(read, isProduction),
    issuer: read.text('JWT_ISSUER') ?? null,
    audience: read.text('JWT_AUDIENCE') ?? null,
    clockToleranceSeconds: read.whole('CLOCK_TOLERANCE_SECONDS', 0, 60),
    maxLifetimeSeconds: read.whole('MAX_LIFETIME_SECONDS', 1, 2_678_400),
    check: read.oneOf('CHECK', ['replica', 'direct']),
    maxStalenessMs: read.whole('MAX_STALENESS_MS', 200, 60_000),
    logoutWaits: read.oneOf('LOGOUT_WAITS', ['instance', 'cluster']),
    throttleLimit: read.whole('THROTTLE_LIMIT', 1, 1_000_000),
    throttleTtlMs: read.whole('THROTTLE_TTL_MS', 1000, 86_400_000),
    trustProxy: trustProxy(read),
    expiredStatus: expired === undefined ? undefined : expired === '401' ? 401 : 403,
    messages: read.oneOf('MESSAGES', ['es', 'en']),
    logLevel: read.oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'log',
    isProduction,
    mayUseHttp: read.oneOf('ALLOW_HTTP', ['true', 'false']) === 'true',
  };
}

function databaseUrl(read: Variables): string | undefined {
  const url = read.text('DATABASE_URL');
  if (url === undefined || /^postgres(?:ql)?:\/\/\S+$/.test(url)) return url;
  throw bad('DATABASE_URL', 'a URL such as postgres://user:password@host:5432/database');
}

function keys(read: Variables, isProduction: boolean): Pick<Environment, 'algorithms' | 'key'> {
  const secret = read.text('JWT_SECRET');
  // One-line variables often carry PEM text with its line ends written as \n.
  const publicKey = read.text('JWT_PUBLIC_KEY')?.replaceAll('\\n', '\n');
  if (secret !== undefined && publicKey !== undefined)
    throw bad('JWT_SECRET', 'left out where JWT_PUBLIC_KEY is given: one family of keys');
  if (isProduction && secret === undefined && publicKey === undefined)
    throw bad('JWT_SECRET', 'set, or JWT_PUBLIC_KEY, with NODE_ENV=production');
  const algorithms = readAlgorithms(read);
  if (algorithms.length > 0) return { algorithms, key: secret ?? publicKey };
  // A secret fits HS* alone, and of these it need only be long enough for the first.
  if (publicKey === undefined) return { algorithms: ['HS256'], key: secret };
  throw bad('JWT_ALGORITHMS', 'set where JWT_PUBLIC_KEY is, such as RS256 or ES256');
}

function readAlgorithms(read: Variables): Algorithm[] {
  return read.list('JWT_ALGORITHMS').map((name) => {
    if (isAlgorithm(name)) return name;
    const known = Object.keys(SIGNATURE_ALGORITHMS).join(', ');
    throw bad('JWT_ALGORITHMS', `a list out of ${known}`);
  });
}

function trustProxy(read: Variables): Environment['trustProxy'] {
  const text = read.text('TRUST_PROXY');
  if (text === undefined || text === 'off' || text === 'false') return false;
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const networks = read.list('TRUST_PROXY');
  if (networks.every(isNetwork)) return networks;
  throw bad('TRUST_PROXY', 'off, a number of proxies, or a list of networks such as 10.0.0.0/8');
}

/** An address, or a network in CIDR notation (RFC 4632 §3.1). */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  );
}
