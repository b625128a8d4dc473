import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { readEnvironment } from '../../../src/service/environment';

const SECRET = 'a secret of at least thirty-two bytes';
const publicPem = ({ publicKey }: KeyPairKeyObjectResult): string =>
  publicKey.export({ type: 'spki', format: 'pem' }).toString();
const PEM = [
  publicPem(generateKeyPairSync('rsa', { modulusLength: 2048 })),
  publicPem(generateKeyPairSync('ec', { namedCurve: 'P-256' })),
]
  .join('')
  .trim();

/** Variables that other programs set, each a word here. */
const FOREIGN = `
  _ CI COLORTERM DEBUG DISPLAY EDITOR HOME HOSTNAME INIT_CWD INVOCATION_ID JOURNAL_STREAM LANG LANGUAGE
  LC_ALL LC_CTYPE LC_MESSAGES LOGNAME LS_COLORS MAIL MANPATH OLDPWD PATH PWD SHELL SHLVL TERM
  TERM_PROGRAM TMPDIR TZ USER VISUAL XDG_CONFIG_DIRS XDG_DATA_DIRS XDG_DATA_HOME XDG_RUNTIME_DIR
  ALLUSERSPROFILE APPDATA COMPUTERNAME OS PROCESSOR_ARCHITECTURE PROGRAMDATA SYSTEMROOT USERPROFILE
  NODE NODE_EXTRA_CA_CERTS NODE_OPTIONS NODE_PATH NODE_VERSION NODE_TLS_REJECT_UNAUTHORIZED NO_COLOR
  NVM_DIR YARN_VERSION npm_command npm_config_cache npm_config_loglevel npm_config_noproxy
  npm_config_platform npm_config_user_agent npm_execpath npm_lifecycle_event npm_node_execpath
  npm_package_json npm_package_name npm_package_version
  PGAPPNAME PGDATA PGDATABASE PGHOST PGPASSWORD PGPORT PGSSLMODE PGUSER DB_HOST DB_NAME DB_URL
  DB_PASSWORD DB_PORT DB_USER POSTGRES_DB POSTGRES_HOST POSTGRES_PASSWORD POSTGRES_PORT
  POSTGRES_SERVICE_HOST POSTGRES_URL POSTGRES_USER POSTGRES_PORT_5432_TCP_ADDR DATABASE_HOST
  DATABASE_NAME DATABASE_PASSWORD MYSQL_URL MONGO_URL AMQP_URL
  HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy SSL_CERT_DIR SSL_CERT_FILE
  KUBERNETES_PORT KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT POD_NAME POD_NAMESPACE CONTAINER_NAME
  DYNO WEB_CONCURRENCY AWS_ACCESS_KEY_ID AWS_REGION AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
  ECS_CONTAINER_METADATA_URI GOOGLE_CLOUD_PROJECT K_SERVICE WEBSITE_HOSTNAME VERCEL_URL
  GITHUB_ACTIONS GITHUB_TOKEN RUNNER_OS GITLAB_CI JENKINS_URL BUILD_NUMBER
  OTEL_EXPORTER_OTLP_ENDPOINT OTEL_LOG_LEVEL OTEL_SERVICE_NAME SENTRY_DSN DD_AGENT_HOST DD_LOG_LEVEL
  JAVA_HOME JAVA_OPTS GOPATH CARGO_HOME PYTHONPATH VIRTUAL_ENV SSH_AUTH_SOCK SSH_CONNECTION
  JWT_EXPIRES_IN JWT_PRIVATE_KEY JWT_REFRESH_SECRET JWT_SECRET_KEY SESSION_SECRET COOKIE_SECRET
`
  .trim()
  .split(/\s+/);

const DISCOVERED = { issuer: 'https://login.example', audience: 'api', discovery: true };

describe('The environment of the service', () => {
  it('needs nothing: everything has a default', () => {
    expect(readEnvironment({})).toEqual({
      port: 3000,
      host: '127.0.0.1',
      platform: 'express',
      databaseUrl: undefined,
      dataDir: undefined,
      key: undefined,
      needsOwnKey: true,
      trustProxy: false,
      corsOrigins: [],
      logLevel: 'log',
      isProduction: false,
      mayUseHttp: false,
      module: { algorithms: ['HS256'], issuer: null, audience: null },
      store: {},
      notices: ['JWT_ISSUER and JWT_AUDIENCE are not set, so not checked.'],
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
      CORS_ORIGINS: 'https://app.example, http://localhost:5173',
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
      key: PEM,
      needsOwnKey: false,
      trustProxy: ['10.0.0.0/8', '::1'],
      corsOrigins: ['https://app.example', 'http://localhost:5173'],
      logLevel: 'debug',
      isProduction: true,
      mayUseHttp: true,
      module: {
        algorithms: ['RS256', 'ES256'],
        issuer: 'https://login.example',
        audience: 'https://api.example',
        clockToleranceSeconds: 60,
        maxLifetimeSeconds: 3600,
        throttleLimit: 100,
        throttleTtlMs: 1000,
        expiredStatus: 401,
        messages: 'en',
      },
      store: { check: 'direct', maxStalenessMs: 1000, logoutWaits: 'cluster' },
      notices: [],
    });
  });

  it('takes an empty variable for an absent one', () => {
    expect(readEnvironment({ PORT: '', JWT_SECRET: ' ', TRUST_PROXY: '' })).toEqual(
      readEnvironment({}),
    );
  });

  it('takes a secret alone for HS256', () => {
    expect(readEnvironment({ JWT_SECRET: SECRET })).toMatchObject({
      module: { algorithms: ['HS256'] },
      key: SECRET,
    });
  });

  it.each([
    [
      'the address of a JWK Set',
      { JWT_JWKS_URI: 'https://login.example/jwks', JWT_ISSUER: 'me', JWKS_STALE_SECONDS: '3600' },
      { jwksUri: 'https://login.example/jwks', issuer: 'me', jwksStaleSeconds: 3600 },
    ],
    [
      'discovery',
      {
        ...{ JWT_DISCOVERY: 'true', JWT_ISSUER: 'https://login.example' },
        ...{ JWT_ALGORITHMS: 'PS256', JWT_CLIENT_IDS: 'web, app' },
      },
      {
        ...{ discovery: true, issuer: 'https://login.example' },
        ...{ algorithms: ['PS256'], clientIds: ['web', 'app'] },
      },
    ],
    [
      'several issuers',
      { JWT_ISSUERS: JSON.stringify([DISCOVERED]), CLOCK_TOLERANCE_SECONDS: '5' },
      { issuers: [DISCOVERED], clockToleranceSeconds: 5 },
    ],
  ])('takes %s for keys, also in production', (_what, values, module) => {
    const environment = readEnvironment({ ...values, NODE_ENV: 'production' });
    expect(environment).toMatchObject({ key: undefined, needsOwnKey: false, module });
  });

  it.each([
    [
      { JWT_JWKS_URI: 'http://login.example/jwks' },
      'JWT_JWKS_URI must be an https URL, or http on',
    ],
    [{ JWT_JWKS_URI: 'https://login.example/jwks' }, 'JWT_ISSUER must be its name or names with'],
    [{ JWT_DISCOVERY: 'true', JWT_ISSUER: 'me' }, 'JWT_ISSUER must be an https URL with discovery'],
    [{ JWT_DISCOVERY: 'true', JWT_SECRET: SECRET }, 'JWT_SECRET must be left out where JWT_DISCOV'],
    [{ JWT_ISSUERS: '{}' }, 'JWT_ISSUERS must be a JSON list of issuers, each an object with the'],
    [{ JWT_ISSUERS: '[]' }, 'JWT_ISSUERS must be a list of 1 to 100 issuers'],
    [
      { JWT_ISSUERS: `[{"issuer":"a","audience":"b","keys":"c","audi\\u0065nce":"d"}]` },
      'JWT_ISSUERS must be a JSON list of issuers, each an object with the rules of ' +
        'docs/options.md, none of them twice.',
    ],
    [{ JWT_ISSUERS: '[{"issuer":"a"}]' }, 'JWT_ISSUERS[0].audience must be a string of 1–255'],
    [
      { JWT_ISSUERS: JSON.stringify([{ ...DISCOVERED, keys: SECRET }]) },
      'JWT_ISSUERS[0].keys must be set, or jwksUri, or discovery: true; one of the three, got keys',
    ],
    [
      { JWT_ISSUERS: JSON.stringify([DISCOVERED]), JWT_AUDIENCE: 'api' },
      'JWT_AUDIENCE must be left out beside issuers, got both. Move it into each issuer.',
    ],
  ])('stops the boot for keys that cannot be had: %j', (values, sentence) => {
    expect(() => readEnvironment(values)).toThrow(sentence);
  });

  const CALLER = { id: 'billing', secretHashes: 'a'.repeat(64), audiences: 'api' };

  it('takes the callers of introspection as a list in JSON', () => {
    const { module } = readEnvironment({
      INTROSPECTION_CALLERS: JSON.stringify([CALLER]),
      INTROSPECTION_LIMIT: '100',
    });
    expect(module).toMatchObject({ introspectionCallers: [CALLER], introspectionLimit: 100 });
  });

  it.each([
    ['{}', 'INTROSPECTION_CALLERS must be a JSON list of callers, each with id'],
    ['[]', 'INTROSPECTION_CALLERS must be a list of 1 to 100 callers'],
    [
      `[{"id":"a","id":"b"}]`,
      'INTROSPECTION_CALLERS must be a JSON list of callers, each with id, secretHashes and ' +
        'audiences, none of them twice.',
    ],
    [
      JSON.stringify([{ ...CALLER, audiences: undefined }]),
      'INTROSPECTION_CALLERS[0].audiences must be a string of 1–255 characters',
    ],
  ])('stops the boot for INTROSPECTION_CALLERS=%s', (text, sentence) => {
    expect(() => readEnvironment({ INTROSPECTION_CALLERS: text })).toThrow(sentence);
  });

  it('names the variable of a key that does not fit, and which key it is', () => {
    expect(() => readEnvironment({ JWT_ALGORITHMS: 'RS256', JWT_PUBLIC_KEY: PEM })).toThrow(
      /^JWT_PUBLIC_KEY, PEM block 2 must be an RSA public key .* \(RS256\), got a public ec key/,
    );
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
    '*',
    'null',
    'app.example',
    'https://app.example/',
    'https://app.example:443',
    'https://*.example',
    'https://App.example',
    'ftp://app.example',
    'https://app.example, *',
  ])('stops the boot for CORS_ORIGINS=%s, which is no origin', (text) => {
    expect(() => readEnvironment({ CORS_ORIGINS: text })).toThrow(
      new TypeError(
        'CORS_ORIGINS must be origins such as https://app.example.com, by commas: without a path, ' +
          'and without *.',
      ),
    );
  });

  it.each([
    [{ EXPIRED_STATUS: '403' }, { module: { expiredStatus: 403 } }],
    [{ MESSAGES: 'es' }, { module: { messages: 'es' } }],
    [{ CHECK: 'replica' }, { store: { check: 'replica' } }],
    [{ MAX_STALENESS_MS: '200' }, { store: { maxStalenessMs: 200 } }],
    [{ MAX_STALENESS_MS: '60000' }, { store: { maxStalenessMs: 60_000 } }],
    [{ LOGOUT_WAITS: 'instance' }, { store: { logoutWaits: 'instance' } }],
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
    [
      { MAX_STALENESS_MS: '199' },
      'MAX_STALENESS_MS must be a whole number of milliseconds from 200 to 60000.',
    ],
    [
      { MAX_STALENESS_MS: '2s' },
      'MAX_STALENESS_MS must be a whole number of milliseconds from 200 to 60000.',
    ],
    [
      { MAX_STALENESS_MS: '60001' },
      'MAX_STALENESS_MS must be a whole number of milliseconds from 200 to 60000.',
    ],
    [{ LOGOUT_WAITS: 'all' }, 'LOGOUT_WAITS must be instance or cluster.'],
    [
      { JWT_SECRET: SECRET, JWT_PUBLIC_KEY: 'PEM' },
      'JWT_SECRET must be left out where JWT_PUBLIC_KEY is given: keys are in one place.',
    ],
    [
      { JWT_PUBLIC_KEY: 'PEM' },
      'JWT_ALGORITHMS must be set where JWT_PUBLIC_KEY is, such as RS256 or ES256.',
    ],
    [
      { JWT_PUBLIC_KEY: 'PEM', JWT_ALGORITHMS: 'HS256' },
      'JWT_ALGORITHMS must be without HS*, which needs JWT_SECRET, with JWT_PUBLIC_KEY.',
    ],
    [
      { JWT_SECRET: SECRET, JWT_ALGORITHMS: 'HS256,HS512' },
      'JWT_ALGORITHMS must be one algorithm with JWT_SECRET, such as HS256.',
    ],
    [
      { JWT_ALGORITHMS: 'RS256' },
      'JWT_PUBLIC_KEY must be set for JWT_ALGORITHMS other than HS*, not JWT_SECRET.',
    ],
    [
      { JWT_ALGORITHMS: 'none' },
      'JWT_ALGORITHMS must be a list out of HS256, HS384, HS512, RS256, RS384, RS512, PS256, ' +
        'PS384, PS512, ES256, ES384, ES512, EdDSA.',
    ],
    [
      { CLOCK_TOLERANCE_SECONDS: '61' },
      'CLOCK_TOLERANCE_SECONDS must be a whole number of seconds from 0 to 60.',
    ],
    [
      { MAX_LIFETIME_SECONDS: '0' },
      'MAX_LIFETIME_SECONDS must be a whole number of seconds from 1 to 34560000.',
    ],
    [
      { THROTTLE_LIMIT: '0' },
      'THROTTLE_LIMIT must be a whole number of requests from 1 to 1000000.',
    ],
    [
      { THROTTLE_TTL_MS: '999' },
      'THROTTLE_TTL_MS must be a whole number of milliseconds from 1000 to 86400000.',
    ],
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
    [{ EXPIRED_STATUS: '400' }, 'EXPIRED_STATUS must be 403 or 401.'],
    [{ MESSAGES: 'fr' }, 'MESSAGES must be es or en.'],
    [{ LOG_LEVEL: 'all' }, 'LOG_LEVEL must be error or warn or log or debug.'],
    [{ ALLOW_HTTP: 'yes' }, 'ALLOW_HTTP must be true or false.'],
    [
      { NODE_ENV: 'production' },
      'JWT_SECRET must be set, or JWT_PUBLIC_KEY, JWT_JWKS_URI, JWT_DISCOVERY or JWT_ISSUERS, with ' +
        'NODE_ENV=production.',
    ],
    [{ REDIS_URL: 'redis://r' }, 'REDIS_URL must be left out: this version does not have it yet.'],
  ])('stops the boot for %j', (values, sentence) => {
    expect(() => readEnvironment(values)).toThrow(new TypeError(sentence));
  });

  it.each([
    ['JWT_SECRTE', 'JWT_SECRET'],
    ['JWT_SECRETS', 'JWT_SECRET'],
    ['MAX_STALENES_MS', 'MAX_STALENESS_MS'],
    ['MAXSTALENESSMS', 'MAX_STALENESS_MS'],
    ['JWT_AUDIANCE', 'JWT_AUDIENCE'],
    ['CLOCK_TOLERANCE_SECS', 'CLOCK_TOLERANCE_SECONDS'],
    ['TRUSTED_PROXY', 'TRUST_PROXY'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['DATABASE_USER', 'DATABASE_URL'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['JWT_ISS', 'JWT_ISSUER'],
    ['JWT_SSUET', 'JWT_ISSUER'], // nearer than JWT_SECRET
    ['THROTLE_LIMIT', 'THROTTLE_LIMIT'],
  ])('stops the boot for %s, and names %s', (misspelt, meant) => {
    const sentence = `${misspelt} must be left out: there is no such variable. ${meant} was probably meant.`;
    expect(() => readEnvironment({ [misspelt]: 'x' })).toThrow(new TypeError(sentence));
  });

  it.each([
    ['is empty', { JWT_SECRTE: ' ' }],
    ['stands beside the right one', { DATABASE_URL: 'postgres://db/app', DATABASE_USER: 'app' }],
    ['has one of ours as a part', { LC_MESSAGES: 'C', DD_LOG_LEVEL: 'info', MY_PLATFORM: 'x' }],
    ['is near a name of few letters', { HOSTS: 'a', REPORT: 'b', CHECKS: 'c', DATADIR: 'd' }],
    ['is four edits away', { DATABASE_HOST: 'x' }],
  ])('takes a variable for another program’s that %s', (_what, values) => {
    expect(() => readEnvironment(values)).not.toThrow();
  });

  it('takes the variables of systems, shells, npm, containers and clouds as they are', () => {
    const values = Object.fromEntries(FOREIGN.map((name) => [name, 'value']));
    const { notices } = readEnvironment(values);
    expect(readEnvironment(values)).toEqual({ ...readEnvironment({}), notices });
    expect(notices.slice(1)).toEqual([
      expect.stringMatching(
        /^JWT_EXPIRES_IN, JWT_PRIVATE_KEY, JWT_REFRESH_SECRET, JWT_SECRET_KEY: ignored\./,
      ),
    ]);
  });

  const CHECKED = { JWT_ISSUER: 'me', JWT_AUDIENCE: 'api' };

  it.each([
    [{ JWT_ISSUER: 'me' }, 'JWT_AUDIENCE is not set, so not checked.'],
    [{ JWT_AUDIENCE: 'api' }, 'JWT_ISSUER is not set, so not checked.'],
    [
      { ...CHECKED, THROTTLE_MAX: '5', JWKS_URI: 'x', LOGOUT_URL: ' ', MAX_THINGS: '1' },
      'THROTTLE_MAX, JWKS_URI: ignored. They are no variables of this service; those are ' +
        'JWT_JWKS_URI, JWKS_STALE_SECONDS, THROTTLE_LIMIT, THROTTLE_TTL_MS.',
    ],
    [
      { ...CHECKED, INTROSPECTION_URL: 'x' },
      'INTROSPECTION_URL: ignored. It is no variable of this service; those are ' +
        'INTROSPECTION_CALLERS, INTROSPECTION_LIMIT.',
    ],
  ])('warns at the start of %j', (values, notice) => {
    expect(readEnvironment(values).notices).toEqual([notice]);
  });

  it.each([
    [{ JWT_AUD: 'api' }, 'JWT_AUD', 'JWT_AUDIENCE'],
    [{ JWT_AUDIENCE_URI: 'api', JWT_ISSUER: 'me' }, 'JWT_AUDIENCE_URI', 'JWT_AUDIENCE'],
    [{ JWT_ISSUER_URL: 'me' }, 'JWT_ISSUER_URL', 'JWT_ISSUER'],
    [{ JWT_BACKCHANNEL: '{}' }, 'JWT_BACKCHANNEL', 'The member backchannel of JWT_ISSUERS'],
    [{ JWT_LOGOUT_COVERS: 'x' }, 'JWT_LOGOUT_COVERS', 'The member logoutCovers of JWT_ISSUERS'],
    [{ JWT_MAX_LIFETIME_SECONDS: '60' }, 'JWT_MAX_LIFETIME_SECONDS', 'MAX_LIFETIME_SECONDS'],
    [{ JWT_JWKS_STALE_SECONDS: '60' }, 'JWT_JWKS_STALE_SECONDS', 'JWKS_STALE_SECONDS'],
  ])('stops the boot for %j, which means a rule for tokens', (values, name, meant) => {
    expect(() => readEnvironment(values)).toThrow(
      new TypeError(
        `${name} must be left out: there is no such variable. ${meant} was probably meant. Where ` +
          'another program needs it, set it to nothing for this one.',
      ),
    );
  });

  it.each([
    ['the check that it would name is on', { ...CHECKED, JWT_AUD: 'x', JWT_ISSUER_URL: 'y' }],
    ['it is set to nothing', { JWT_AUD: '', JWT_BACKCHANNEL: ' ' }],
    [
      'each issuer has checks of its own',
      { JWT_ISSUERS: JSON.stringify([DISCOVERED]), JWT_ISSUER_URL: 'x', JWT_AUD: 'y' },
    ],
  ])('starts where %s', (_what, values) => {
    expect(() => readEnvironment(values)).not.toThrow();
  });

  it('never shows a value: some are secrets', () => {
    expect(() => readEnvironment({ DATABASE_URL: 'hunter2' })).toThrow(/^(?!.*hunter2)/);
  });
});
