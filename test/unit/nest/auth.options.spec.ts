import { AuthModule, type AuthModuleOptions } from '../../../src';
import { AuthOptions, readPath } from '../../../src/nest/auth.options';
import { MisconfiguredError } from '../../../src/options/misconfiguration';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { MESSAGES } from '../../../src/web/answers';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { TestApp } from '../../support/app';
import { sessionOptions } from '../../support/sessions';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';

const store = new MemoryRevocationStore();
const GOOD: AuthModuleOptions = {
  algorithms: ['HS256'],
  keys: new TestIssuer().key,
  issuer: ISSUER,
  audience: AUDIENCE,
  store,
};
/** Options as JavaScript hosts may write them. */
const withOptions = (over: Record<string, unknown>): AuthOptions =>
  new AuthOptions({ ...GOOD, ...over });

const WITHOUT_ISSUER = {
  algorithms: undefined,
  keys: undefined,
  issuer: undefined,
  audience: undefined,
};

const DEFAULTS = {
  store,
  expiredStatus: 403,
  bodyToken: 'required',
  repeatedLogoutStatus: 401,
  throttleLimit: 10,
  throttleTtlMs: 60_000,
  clearSiteData: [],
  sessionTerminators: [],
  messages: MESSAGES.es,
  expiredCookies: [],
  validate: undefined,
  throttlerStorage: undefined,
  meterProvider: undefined,
};

const SITE_DATA = 'one of cache, cookies, storage, executionContexts, *, each once';

describe('The options', () => {
  it('have the documented defaults', () => {
    expect(new AuthOptions(GOOD)).toMatchObject(DEFAULTS);
  });

  it('keep their defaults where a host writes undefined', () => {
    const names = Object.keys(DEFAULTS).filter(
      (name) => name !== 'store' && name !== 'expiredCookies',
    );
    const nothing = Object.fromEntries([...names, 'cookies'].map((name) => [name, undefined]));
    expect(withOptions(nothing)).toMatchObject(DEFAULTS);
  });

  it('hand the rules for tokens to the verifier', () => {
    expect(new AuthOptions(GOOD).tokenRules).toBe(GOOD);
  });

  it('are refused by a TypeError', () => {
    expect(() => withOptions({ throttleLimit: 0 })).toThrow(TypeError);
  });

  it.each<[list: string, named: string, options: Record<string, unknown>]>([
    ['algorithms', 'algorithms[0]', { algorithms: Array(1) }],
    ['keys', 'keys[0]', { keys: Array(2) }],
    ['issuer', 'issuer', { issuer: Array(1) }],
    ['audience', 'audience', { audience: Array(1) }],
    ['clientIds', 'clientIds', { clientIds: Array(1) }],
    ['types', 'types', { types: Array(1) }],
    ['a list of subjectClaim', 'subjectClaim', { subjectClaim: Array(1) }],
    ['backchannel.clientIds', 'backchannel.clientIds', { backchannel: { clientIds: Array(1) } }],
    ['refreshTokens.types', 'refreshTokens.types', { refreshTokens: { types: Array(1) } }],
    ['issuers', 'issuers[0]', { ...WITHOUT_ISSUER, issuers: Array(2) }],
    ['sessions.signingKeys', 'sessions.signingKeys[0]', { sessions: { signingKeys: Array(1) } }],
    [
      'sessions.refreshKeys',
      'sessions.refreshKeys[0]',
      { sessions: sessionOptions({ refreshKeys: Array(1) as never }) },
    ],
    [
      'sessions.audience',
      'sessions.audience',
      { sessions: sessionOptions({ audience: Array(1) as never }) },
    ],
    ['introspectionCallers', 'introspectionCallers[0]', { introspectionCallers: Array(2) }],
    ['tokenSources', 'tokenSources[0]', { tokenSources: Array(1) }],
    ['allowedOrigins', 'allowedOrigins[0]', { allowedOrigins: Array(1) }],
    ['enforceExcept', 'enforceExcept[0]', { enforceExcept: Array(1) }],
    ['sessionTerminators', 'sessionTerminators[0]', { sessionTerminators: Array(1) }],
    ['clearSiteData', 'clearSiteData[0]', { clearSiteData: Array(1) }],
    ['cookies', 'cookies[0]', { cookies: Array(1) }],
  ])('stop the boot where a member of %s is a hole', (_, named, options) => {
    const boot = () => new TokenVerifier(withOptions(options).tokenRules);
    expect(boot).toThrow(MisconfiguredError);
    expect(boot).toThrow(`nestjs-logout: "${named}" must be `);
  });

  it('cannot be changed after the boot', () => {
    expect(Object.isFrozen(new AuthOptions(GOOD))).toBe(true);
  });

  it.each<[string, unknown]>([
    ['expiredStatus', 401],
    ['bodyToken', 'optional'],
    ['repeatedLogoutStatus', 200],
    ['throttleLimit', 1],
    ['throttleLimit', 1_000_000],
    ['throttleTtlMs', 1000],
    ['throttleTtlMs', 86_400_000],
    ['clearSiteData', ['cache', 'cookies', 'storage', 'executionContexts']],
    ['clearSiteData', ['*']],
    ['validate', () => true],
    ['throttlerStorage', { increment: () => Promise.resolve() }],
    ['meterProvider', { getMeter: () => undefined }],
  ])('%s may be %j', (name, value) => {
    expect(withOptions({ [name]: value })).toHaveProperty(name, value);
  });

  it.each<[string, unknown, string]>([
    ['expiredStatus', 402, '403 or 401, got 402.'],
    ['expiredStatus', '401', '403 or 401, got "401".'],
    ['bodyToken', 'maybe', '"required" or "optional", got "maybe".'],
    ['bodyToken', true, '"required" or "optional", got true.'],
    ['repeatedLogoutStatus', 204, '401 or 200, got 204.'],
    ['throttleLimit', 0, 'a whole number of requests from 1 to 1000000, got 0.'],
    ['throttleLimit', 1_000_001, 'a whole number of requests from 1 to 1000000, got 1000001.'],
    ['throttleLimit', 1.5, 'a whole number of requests from 1 to 1000000, got 1.5.'],
    ['throttleLimit', '10', 'a whole number of requests from 1 to 1000000, got "10".'],
    ['throttleLimit', NaN, 'a whole number of requests from 1 to 1000000, got NaN.'],
    ['throttleTtlMs', 999, 'a whole number of milliseconds from 1000 to 86400000, got 999.'],
    [
      'throttleTtlMs',
      86_400_001,
      'a whole number of milliseconds from 1000 to 86400000, got 86400001.',
    ],
    [
      'throttleTtlMs',
      Infinity,
      'a whole number of milliseconds from 1000 to 86400000, got Infinity.',
    ],
    ['clearSiteData', 'cookies', 'a list, got a string.'],
    ['sessionTerminators', {}, 'a list, got an object.'],
    ['cookies', 'sid', 'a list, got a string.'],
    ['validate', 'yes', 'a function, got a string.'],
    ['throttlerStorage', {}, 'a ThrottlerStorage, got an object.'],
    ['throttlerStorage', { increment: 1 }, 'a ThrottlerStorage, got an object.'],
    ['throttlerStorage', 'redis', 'a ThrottlerStorage, got a string.'],
    ['meterProvider', {}, 'a MeterProvider, got an object.'],
    ['meterProvider', { getMeter: 1 }, 'a MeterProvider, got an object.'],
    ['meterProvider', null, 'a MeterProvider, got null.'],
    [
      'store',
      undefined,
      'a RevocationStore, such as new PostgresRevocationStore(dataSource), got undefined.',
    ],
    [
      'store',
      {},
      'a RevocationStore, such as new PostgresRevocationStore(dataSource), got an object.',
    ],
    [
      'store',
      'memory',
      'a RevocationStore, such as new PostgresRevocationStore(dataSource), got a string.',
    ],
    ['secret', 'x', 'left out, got an option that does not exist. Check its spelling.'],
    ['toString', 'x', 'left out, got an option that does not exist. Check its spelling.'],
  ])('%s must not be %j', (name, value, sentence) => {
    const refused = new TypeError(`nestjs-logout: "${name}" must be ${sentence}`);
    expect(() => withOptions({ [name]: value })).toThrow(refused);
  });

  it.each<[string, string, unknown, string]>([
    ['clearSiteData[0]', 'clearSiteData', ['all'], `${SITE_DATA}, got a string.`],
    ['clearSiteData[1]', 'clearSiteData', ['cache', 'cache'], `${SITE_DATA}, got a string.`],
    ['sessionTerminators[0]', 'sessionTerminators', [{}], 'a SessionTerminator, got an object.'],
  ])('%s is named where it is wrong', (member, name, value, sentence) => {
    const refused = new TypeError(`nestjs-logout: "${member}" must be ${sentence}`);
    expect(() => withOptions({ [name]: value })).toThrow(refused);
  });

  it.each([
    ['fr', '"fr"'],
    [42, '42'],
    [[], 'an empty list'],
    [{ loggedout: 'x' }, 'an object'],
    [{ toString: 'x' }, 'an object'],
    [{ loggedOut: 1 }, 'an object'],
    [{ loggedOut: undefined }, 'an object'],
  ])('messages must not be %j', (messages, got) => {
    const names =
      'loggedOut, sessionRenewed, activeSessions, tokenInvalid, tokenExpired, internalError, badRequest, tooManyRequests, ' +
      'methodNotAllowed, unsupportedMediaType, contentTooLarge, notFound';
    const sentence = `nestjs-logout: "messages" must be "es", "en", or texts for some of ${names}, got ${got}.`;
    expect(() => withOptions({ messages })).toThrow(new TypeError(sentence));
  });

  it.each([
    ['en', MESSAGES.en],
    ['es', MESSAGES.es],
    [{ loggedOut: 'Bye' }, { ...MESSAGES.es, loggedOut: 'Bye' }],
    [{}, MESSAGES.es],
  ])('messages may be %j', (messages, expected) => {
    expect(withOptions({ messages }).messages).toEqual(expected);
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['HS256', 'a string'],
  ])('must be an object, not %j', (options, got) => {
    const construct = (): unknown => Reflect.construct(AuthOptions, [options]);
    expect(construct).toThrow(
      new TypeError(`nestjs-logout: "options" must be an object, got ${got}.`),
    );
  });
});

describe('The path', () => {
  it.each([
    [undefined, 'api/v1/auth'],
    ['auth', 'auth'],
    ['/auth/', 'auth'],
    ['a/b.c/d-e/~f_0', 'a/b.c/d-e/~f_0'],
    ['a/...', 'a/...'],
  ])('%j is %j', (path, plain) => {
    expect(readPath(path)).toBe(plain);
  });

  it.each([
    ['', '""'],
    ['/', '"/"'],
    ['//auth', '"//auth"'],
    ['a//b', '"a//b"'],
    [':tenant/auth', '":tenant/auth"'],
    ['auth/*', '"auth/*"'],
    ['a b', '"a b"'],
    ['auth?', '"auth?"'],
    ['a/../b', '"a/../b"'],
    ['./a', '"./a"'],
    ['é', '"é"'],
    [null, 'null'],
    [42, '42'],
    [['auth'], 'a list'],
  ])('must not be %j', (path, got) => {
    const sentence = `nestjs-logout: "path" must be a path of plain segments, such as "api/v1/auth", got ${got}.`;
    expect(() => readPath(path)).toThrow(new TypeError(sentence));
  });

  it('is refused before anything boots, by forRoot and forRootAsync alike', () => {
    expect(() => AuthModule.forRoot({ ...GOOD, path: '*' })).toThrow(/"path"/);
    expect(() => AuthModule.forRootAsync({ path: '*', useFactory: () => GOOD })).toThrow(/"path"/);
  });
});

describe('A bad option', () => {
  it.each<[string, Partial<AuthModuleOptions>]>([
    ['throttleLimit', { throttleLimit: 0 }],
    ['keys', { keys: 'short' }],
    ['clockToleranceSeconds', { clockToleranceSeconds: 61 }],
  ])('%s stops the boot with a sentence that names it', async (name, options) => {
    await expect(TestApp.start('express', options)).rejects.toThrow(
      new RegExp(`^nestjs-logout: "${name}`),
    );
  });

  it('never shows a key', async () => {
    const start = TestApp.start('express', { keys: 'hunter2-hunter2' });
    await expect(start).rejects.toThrow(/^(?!.*hunter2)/s);
  });
});
