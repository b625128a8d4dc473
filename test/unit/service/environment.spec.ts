import { readEnvironment } from '../../../src/service/environment';

const SECRET = 'a secret of at least thirty-two bytes';
const PEM = '-----BEGIN PUBLIC KEY-----';

describe('The environment of the service', () => {
  it('needs nothing: everything has a default', () => {
    expect(readEnvironment({})).toEqual({
      port: 3000,
      host: '127.0.0.1',
      platform: 'express',
      databaseUrl: undefined,
      dataDir: undefined,
      algorithms: ['HS256'],
      key: undefined,
      issuer: null,
      audience: null,
      clockToleranceSeconds: undefined,
      maxLifetimeSeconds: undefined,
      check: undefined,
      maxStalenessMs: undefined,
      logoutWaits: undefined,
      throttleLimit: undefined,
      throttleTtlMs: undefined,
      trustProxy: false,
      expiredStatus: undefined,
      messages: undefined,
      logLevel: 'log',
      isProduction: false,
      mayUseHttp: false,
    });
  });

  it('is read whole', () => {
    const environment = readEnvironment({
      PORT: '0',
      HOST: '0.0.0.0',
      PLATFORM: 'fastify',
      DATABASE_URL: 'postgresql://u:p@db:5432/app',
      DATA_DIR: '/srv/data',
      JWT_ALGORITHMS: 'RS256, ES256',
      JWT_PUBLIC_KEY: PEM,
      JWT_ISSUER: 'https://login.example',
      JWT_AUDIENCE: 'https://api.example',
      CLOCK_TOLERANCE_SECONDS: '60',
      MAX_LIFETIME_SECONDS: '3600',
      CHECK: 'direct',
      MAX_STALENESS_MS: '1000',
      LOGOUT_WAITS: 'cluster',
      THROTTLE_LIMIT: '100',
      THROTTLE_TTL_MS: '1000',
      TRUST_PROXY: '10.0.0.0/8, ::1',
      EXPIRED_STATUS: '401',
      MESSAGES: 'en',
      LOG_LEVEL: 'debug',
      NODE_ENV: 'production',
      ALLOW_HTTP: 'true',
    });
    expect(environment).toEqual({
      port: 0,
      host: '0.0.0.0',
      platform: 'fastify',
      databaseUrl: 'postgresql://u:p@db:5432/app',
      dataDir: '/srv/data',
      algorithms: ['RS256', 'ES256'],
      key: PEM,
      issuer: 'https://login.example',
      audience: 'https://api.example',
      clockToleranceSeconds: 60,
      maxLifetimeSeconds: 3600,
      check: 'direct',
      maxStalenessMs: 1000,
      logoutWaits: 'cluster',
      throttleLimit: 100,
      throttleTtlMs: 1000,
      trustProxy: ['10.0.0.0/8', '::1'],
      expiredStatus: 401,
      messages: 'en',
      logLevel: 'debug',
      isProduction: true,
      mayUseHttp: true,
    });
  });

  it('takes an empty variable for an absent one', () => {
    expect(readEnvironment({ PORT: '', JWT_SECRET: ' ', TRUST_PROXY: '' })).toEqual(
      readEnvironment({}),
    );
  });

  it('takes a secret alone for HS256', () => {
    expect(readEnvironment({ JWT_SECRET: SECRET })).toMatchObject({
      algorithms: ['HS256'],
      key: SECRET,
    });
  });

  it('takes a public key whose line ends came as \\n', () => {
    const { key } = readEnvironment({ JWT_ALGORITHMS: 'RS256', JWT_PUBLIC_KEY: `${PEM}\\nMII\\n` });
    expect(key).toBe(`${PEM}\nMII\n`);
  });

  it.each([
    ['off', false],
    ['false', false],
    ['0', 0],
    ['2', 2],
    ['10.0.0.1', ['10.0.0.1']],
    ['10.0.0.0/32', ['10.0.0.0/32']],
    ['2001:db8::/128', ['2001:db8::/128']],
  ])('trusts proxies as TRUST_PROXY=%s says', (text, trusted) => {
    expect(readEnvironment({ TRUST_PROXY: text }).trustProxy).toEqual(trusted);
  });

  it.each([
    [{ EXPIRED_STATUS: '403' }, { expiredStatus: 403 }],
    [{ MESSAGES: 'es' }, { messages: 'es' }],
    [{ CHECK: 'replica' }, { check: 'replica' }],
    [{ MAX_STALENESS_MS: '200' }, { maxStalenessMs: 200 }],
    [{ MAX_STALENESS_MS: '60000' }, { maxStalenessMs: 60_000 }],
    [{ LOGOUT_WAITS: 'instance' }, { logoutWaits: 'instance' }],
    [{ ALLOW_HTTP: 'false' }, { mayUseHttp: false }],
    [{ NODE_ENV: 'test' }, { isProduction: false }],
  ])('reads %j', (values, expected) => {
    expect(readEnvironment(values)).toMatchObject(expected);
  });

  it.each([
    [{ PORT: '65536' }, 'PORT must be a whole number from 0 to 65535.'],
    [{ PORT: '1e3' }, 'PORT must be a whole number from 0 to 65535.'],
    [{ PORT: '-1' }, 'PORT must be a whole number from 0 to 65535.'],
    [{ PLATFORM: 'koa' }, 'PLATFORM must be express or fastify.'],
    [
      { DATABASE_URL: 'mysql://db' },
      'DATABASE_URL must be a URL such as postgres://user:password@host:5432/database.',
    ],
    [{ CHECK: 'memory' }, 'CHECK must be replica or direct.'],
    [{ MAX_STALENESS_MS: '199' }, 'MAX_STALENESS_MS must be a whole number from 200 to 60000.'],
    [{ MAX_STALENESS_MS: '2s' }, 'MAX_STALENESS_MS must be a whole number from 200 to 60000.'],
    [{ MAX_STALENESS_MS: '60001' }, 'MAX_STALENESS_MS must be a whole number from 200 to 60000.'],
    [{ LOGOUT_WAITS: 'all' }, 'LOGOUT_WAITS must be instance or cluster.'],
    [
      { JWT_SECRET: SECRET, JWT_PUBLIC_KEY: PEM },
      'JWT_SECRET must be left out where JWT_PUBLIC_KEY is given: one family of keys.',
    ],
    [
      { JWT_PUBLIC_KEY: PEM },
      'JWT_ALGORITHMS must be set where JWT_PUBLIC_KEY is, such as RS256 or ES256.',
    ],
    [
      { JWT_ALGORITHMS: 'none' },
      'JWT_ALGORITHMS must be a list out of HS256, HS384, HS512, RS256, RS384, RS512, PS256, ' +
        'PS384, PS512, ES256, ES384, ES512, EdDSA.',
    ],
    [
      { CLOCK_TOLERANCE_SECONDS: '61' },
      'CLOCK_TOLERANCE_SECONDS must be a whole number from 0 to 60.',
    ],
    [
      { MAX_LIFETIME_SECONDS: '0' },
      'MAX_LIFETIME_SECONDS must be a whole number from 1 to 2678400.',
    ],
    [{ THROTTLE_LIMIT: '0' }, 'THROTTLE_LIMIT must be a whole number from 1 to 1000000.'],
    [{ THROTTLE_TTL_MS: '999' }, 'THROTTLE_TTL_MS must be a whole number from 1000 to 86400000.'],
    [
      { TRUST_PROXY: 'true' },
      'TRUST_PROXY must be off, a number of proxies, or a list of networks such as 10.0.0.0/8.',
    ],
    [
      { TRUST_PROXY: '10.0.0.0/33' },
      'TRUST_PROXY must be off, a number of proxies, or a list of networks such as 10.0.0.0/8.',
    ],
    [
      { TRUST_PROXY: '10.0.0.0/8/8' },
      'TRUST_PROXY must be off, a number of proxies, or a list of networks such as 10.0.0.0/8.',
    ],
    [{ EXPIRED_STATUS: '400' }, 'EXPIRED_STATUS must be 401 or 403.'],
    [{ MESSAGES: 'fr' }, 'MESSAGES must be es or en.'],
    [{ LOG_LEVEL: 'all' }, 'LOG_LEVEL must be error or warn or log or debug.'],
    [{ ALLOW_HTTP: 'yes' }, 'ALLOW_HTTP must be true or false.'],
    [
      { NODE_ENV: 'production' },
      'JWT_SECRET must be set, or JWT_PUBLIC_KEY, with NODE_ENV=production.',
    ],
    [{ REDIS_URL: 'redis://r' }, 'REDIS_URL must be left out: this version does not have it yet.'],
  ])('stops the boot for %j', (values, sentence) => {
    expect(() => readEnvironment(values)).toThrow(new TypeError(sentence));
  });

  it('never shows a value: some are secrets', () => {
    expect(() => readEnvironment({ DATABASE_URL: 'hunter2' })).toThrow(/^(?!.*hunter2)/);
  });
});
