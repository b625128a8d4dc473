import type { LogoutTokenVerification } from '../../../src/tokens/logout-token/logout-token';
import { LOGOUT_EVENT } from '../../../src/tokens/logout-token/logout-token-claims';
import { explainLogoutToken } from '../../../src/tokens/explanation/logout-token-explanations';
import type { TokenRules } from '../../../src/tokens/verification/token-rules';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { BACKCHANNEL, CLIENT_ID, logoutToken, nowSeconds } from '../../support/logout-tokens';
import { AUDIENCE, ISSUER, TEST_ALGORITHMS, TestIssuer } from '../../support/tokens';

const issuer = new TestIssuer('ES256');
const now = nowSeconds();

const verifierFor = (rules: Partial<TokenRules> = {}, key = issuer): TokenVerifier =>
  new TokenVerifier(
    {
      ...{ algorithms: [key.algorithm], keys: key.key, issuer: ISSUER, audience: AUDIENCE },
      ...{ backchannel: BACKCHANNEL, ...rules },
    },
    () => now * 1000,
  );
const verify = (
  text: unknown,
  rules: Partial<TokenRules> = {},
  key = issuer,
): Promise<LogoutTokenVerification> => verifierFor(rules, key).logoutTokens.verify(text);
const signed = (changes: Record<string, unknown>, header = {}) =>
  logoutToken(issuer, { iat: now, exp: now + 120, ...changes }, header);

describe('A logout token', () => {
  it.each(TEST_ALGORITHMS)('is known by its signature with %s', async (algorithm) => {
    const key = new TestIssuer(algorithm);
    const text = logoutToken(key, { iat: now, jti: 'l1', sub: 'ada' });
    expect(await verify(text, {}, key)).toEqual({
      verdict: 'genuine',
      token: {
        ...{ issuer: ISSUER, tokenId: 'l1', sessionId: 's1', subject: 'ada', issuedSeconds: now },
        endsSubject: false,
        fingerprint: expect.stringMatching(/^[\da-f]{64}$/) as string,
      },
    });
    const forged = logoutToken(new TestIssuer(algorithm), { iat: now });
    expect(await verify(forged, {}, key)).toEqual({ verdict: 'refused', cause: 'signature' });
  });

  it.each([
    ['form', 'rubbish', () => 'rubbish'],
    ['header', 'a key in its header', () => signed({}, { jwk: {} })],
    ['type', 'the type of access tokens', () => signed({}, { typ: 'at+jwt' })],
    ['issuer', 'another issuer', () => signed({ iss: 'https://evil.example' })],
    ['issuer', 'no issuer', () => signed({ iss: undefined })],
    ['audience', 'another client', () => signed({ aud: 'other' })],
    ['audience', 'the audience of our API', () => signed({ aud: 'https://api.example' })],
    ['audience', 'no audience', () => signed({ aud: undefined })],
    ['purpose', 'no events', () => signed({ events: undefined })],
    ['purpose', 'another event', () => signed({ events: { other: {} } })],
    ['purpose', 'an event that is no object', () => signed({ events: { [LOGOUT_EVENT]: '' } })],
    ['purpose', 'a list of events', () => signed({ events: [LOGOUT_EVENT] })],
    ['purpose', 'a nonce', () => signed({ nonce: 'n' })],
    ['purpose', 'a nonce that is null', () => signed({ nonce: null })],
    ['claims', 'no iat', () => signed({ iat: undefined })],
    ['claims', 'an iat in text', () => signed({ iat: String(now) })],
    ['claims', 'an exp in text', () => signed({ exp: String(now + 60) })],
    ['claims', 'an exp that is null', () => signed({ exp: null })],
    ['claims', 'no jti', () => signed({ jti: undefined })],
    ['claims', 'a number as jti', () => signed({ jti: 5 })],
    ['claims', 'an empty sid', () => signed({ sid: '' })],
    ['claims', 'a number as sid', () => signed({ sid: 7 })],
    ['claims', 'null as sid', () => signed({ sid: null, sub: 'ada' })],
    ['claims', 'a long sid', () => signed({ sid: 's'.repeat(129) })],
    ['claims', 'a NUL in sid', () => signed({ sid: 's\0' })],
    ['claims', 'a long sub', () => signed({ sub: 's'.repeat(256) })],
    ['claims', 'an object as sub', () => signed({ sub: {}, sid: 's1' })],
    ['claims', 'neither sid nor sub', () => signed({ sid: undefined })],
    ['not_yet_valid', 'an iat ahead', () => signed({ iat: now + 2, exp: now + 120 })],
    ['not_yet_valid', 'an iat in ms', () => signed({ iat: now * 1000, exp: now * 1000 + 1 })],
    ['expired', 'an exp that has passed', () => signed({ iat: now - 60, exp: now - 1 })],
    ['expired', 'no exp, an old iat', () => signed({ iat: now - 125, exp: undefined })],
    ['lifetime', 'an exp in 400 days', () => signed({ exp: now + 400 * 86_400 })],
  ])('is refused for its %s: %s', async (cause, _, text) => {
    expect(await verify(text())).toMatchObject({ verdict: 'refused', cause });
  });

  it.each([
    ['its clock is a second ahead, as issuers are that round up', { iat: now + 1 }, 0],
    ['its clock is ahead by the tolerance', { iat: now + 11 }, 10],
    ['it comes late by the tolerance', { iat: now - 60, exp: now - 9 }, 10],
    ['it has no exp, and comes within two minutes', { iat: now - 119, exp: undefined }, 0],
    [
      'it has no exp, and comes within those and the tolerance',
      { iat: now - 129, exp: undefined },
      10,
    ],
    ['it names several audiences', { aud: ['other', CLIENT_ID] }, 0],
    [
      'it has what else providers write',
      { toe: 1, nbf: now, typ: 'Logout', session_state: 'x' },
      0,
    ],
  ])('is taken where %s', async (_, changes, clockToleranceSeconds) => {
    const verification = await verify(signed(changes), { clockToleranceSeconds });
    expect(verification.verdict).toBe('genuine');
  });

  it.each<[string, Record<string, unknown>, string | undefined]>([
    ['beside a sid', { sub: 42 }, '42'],
    ['alone', { sub: -7, sid: undefined }, '-7'],
  ])('names its user by an integer %s', async (_, changes, subject) => {
    expect(await verify(signed(changes))).toMatchObject({ verdict: 'genuine', token: { subject } });
  });

  it.each([1.5, 2 ** 53, null, true, ['ada']])('has no %j as sub', async (sub) => {
    const verification = await verify(signed({ sub }));
    expect(verification).toMatchObject({ verdict: 'refused', cause: 'claims', member: 'sub' });
  });

  it.each([
    ['in another case, as a media type', { typ: 'application/LOGOUT+JWT' }, 'genuine'],
    ['as older providers write it', { typ: 'JWT' }, 'refused'],
    ['left out', { typ: undefined }, 'refused'],
  ])('with its typ %s; with requireTyp: %#', async (_, header, withRequireTyp) => {
    expect((await verify(signed({}, header))).verdict).toBe('genuine');
    const backchannel = { ...BACKCHANNEL, requireTyp: true };
    expect((await verify(signed({}, header), { backchannel })).verdict).toBe(withRequireTyp);
  });

  it('names the claim at fault and what kind of value it has, and no value', async () => {
    const verification = await verify(signed({ sid: 's'.repeat(200) }));
    expect(verification).toEqual({
      verdict: 'refused',
      cause: 'claims',
      member: 'sid',
      found: 'text',
    });
    if (verification.verdict !== 'refused') throw new Error('it was taken');
    expect(explainLogoutToken(verification)).toMatchObject({
      member: 'sid',
      remedy: expect.stringContaining('A logout token needs') as string,
    });
  });

  it.each([
    ['https://evil.example', '"https://evil.example"'],
    [undefined, 'absent'],
    ['i'.repeat(256), 'text'],
    ['a\nb', 'text'],
    [7, 'an integer'],
  ])('names an issuer without the option, where %j can be a name', async (iss, found) => {
    const refusal = { verdict: 'refused', cause: 'issuer', member: 'iss', found };
    expect(await verify(signed({ iss }))).toEqual(refusal);
  });

  it.each([undefined, null, 5, {}, [], ''])('%p is none, and no error', async (text) => {
    expect(await verify(text)).toEqual({ verdict: 'refused', cause: 'form' });
  });

  it('is refused where its issuer has no backchannel', async () => {
    const verification = await verify(signed({}), { backchannel: undefined });
    expect(verification).toMatchObject({ verdict: 'refused', cause: 'issuer' });
  });
});

describe('The option backchannel', () => {
  it.each([
    [{}, '"backchannel.clientIds" must be a string of 1–255 characters or a non-empty list'],
    [{ clientIds: [] }, '"backchannel.clientIds" must be'],
    [{ clientIds: null }, '"backchannel.clientIds" must be'],
    [{ clientIds: 'a', ends: 'user' }, '"backchannel.ends" must be "session" or "subject"'],
    [{ clientIds: 'a', requireType: true }, '"backchannel.requireType" must be left out'],
    [{ clientIds: 'a', requireTyp: 'yes' }, '"backchannel.requireTyp" must be true or false'],
    [true, '"backchannel" must be an object with clientIds'],
  ])('%j stops the boot', (backchannel, sentence) => {
    const rules = { backchannel } as unknown as Partial<TokenRules>;
    expect(() => verifierFor(rules)).toThrow(sentence);
  });

  it('needs the name of the issuer, and sessions that a store can keep', () => {
    expect(() => verifierFor({ issuer: null })).toThrow(
      '"issuer" must be a name beside backchannel, got null. Name the issuer that sends logout tokens.',
    );
    expect(() => verifierFor({ sessionSeconds: 390 * 86_400 })).toThrow('"sessionSeconds" must be');
  });

  it('needs one claim for the user, which both kinds of tokens have', () => {
    expect(() => verifierFor({ subjectClaim: ['oid', 'sub'] })).toThrow(
      '"subjectClaim" must be one claim beside backchannel, got a list. A logout token may have',
    );
    expect(() => verifierFor({ subjectClaim: ['oid'] })).not.toThrow();
  });
});
