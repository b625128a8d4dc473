import request from 'supertest';
import { ANSWERS, answerOf, type WholeAnswer } from '../support/answers';
import { LOGOUT, PLATFORMS, TestApp } from '../support/app';
import { exchange, head } from '../support/wire';

/** Header lines with the answer they get; `T` stands for a live token. */
const REFUSED: readonly [what: string, lines: readonly string[], answer: WholeAnswer][] = [
  ['no header', [], ANSWERS.missing],
  ['an empty header', ['Authorization:'], ANSWERS.missing],
  ['a token without scheme', ['Authorization: T'], ANSWERS.missing],
  ['a scheme grown together with the token', ['Authorization: BearerT'], ANSWERS.missing],
  ['Basic', ['Authorization: Basic T'], ANSWERS.missing],
  ['JWT', ['Authorization: JWT T'], ANSWERS.missing],
  ['a comma before the scheme', ['Authorization: , Bearer T'], ANSWERS.missing],
  ['Basic before Bearer in one header', ['Authorization: Basic x, Bearer T'], ANSWERS.missing],
  ['another header', ['X-Authorization: Bearer T'], ANSWERS.missing],
  ['Proxy-Authorization', ['Proxy-Authorization: Bearer T'], ANSWERS.missing],
  ['a cookie', ['Cookie: access_token=T; Authorization=Bearer T'], ANSWERS.missing],
  ['Bearer alone', ['Authorization: Bearer'], ANSWERS.refused],
  ['Bearer and blanks', ['Authorization: Bearer   '], ANSWERS.refused],
  ['two tokens', ['Authorization: Bearer T T'], ANSWERS.refused],
  ['a token and a word', ['Authorization: Bearer T x'], ANSWERS.refused],
  ['two credentials in one header', ['Authorization: Bearer T, Bearer T'], ANSWERS.refused],
  ['a comma after the token', ['Authorization: Bearer T,'], ANSWERS.refused],
  ['quotes', ['Authorization: Bearer "T"'], ANSWERS.refused],
  ['a parameter', ['Authorization: Bearer token=T'], ANSWERS.refused],
  ['padding', ['Authorization: Bearer T='], ANSWERS.refused],
  ['a letter beyond ASCII', ['Authorization: Bearer \u00e9T'], ANSWERS.refused],
  ['the scheme twice', ['Authorization: Bearer Bearer T'], ANSWERS.refused],
  ['a token of 8 193 characters', [`Authorization: Bearer ${'A'.repeat(8193)}`], ANSWERS.refused],
  [
    'the same header twice',
    ['Authorization: Bearer T', 'Authorization: Bearer T'],
    ANSWERS.refused,
  ],
  ['two headers by case', ['Authorization: Bearer T', 'AUTHORIZATION: Bearer T'], ANSWERS.refused],
  ['a second, empty header', ['Authorization: Bearer T', 'Authorization:'], ANSWERS.refused],
  ['Basic after Bearer', ['Authorization: Bearer T', 'Authorization: Basic x'], ANSWERS.refused],
  ['Bearer after Basic', ['Authorization: Basic x', 'Authorization: Bearer T'], ANSWERS.refused],
];

const ACCEPTED: readonly [what: string, line: string][] = [
  ['the documented form', 'Authorization: Bearer T'],
  ['a lower-case scheme', 'authorization: bearer T'],
  ['an upper-case scheme', 'AUTHORIZATION: BEARER T'],
  ['several blanks', 'Authorization: Bearer    T'],
  ['blanks around', 'Authorization:    Bearer T   '],
];

describe.each(PLATFORMS)('A bearer on %s', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(platform);
  });
  afterAll(() => app.close());

  const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
  const withToken = (lines: readonly string[], token: string): string[] =>
    lines.map((line) => line.replace(/\bT\b|(?<=é)T|(?<=Bearer)T/g, token));

  async function logout(lines: readonly string[], token: string, target = LOGOUT) {
    const body = JSON.stringify({ token });
    const framing = ['Content-Type: application/json', `Content-Length: ${body.length}`];
    const start = head(`POST ${target}`, ...withToken(lines, token), ...framing);
    return exchange(app.url, latin1(start), body);
  }

  it.each(REFUSED)('is not %s: nothing is revoked', async (_, lines, answer) => {
    const token = app.issuer.token();
    expect(answerOf(await logout(lines, token))).toEqual(answer);
    await app.me(token).expect(200);
  });

  it.each(REFUSED)('is not %s on a guarded route either', async (_, lines, answer) => {
    const start = head('GET /me', ...withToken(lines, app.issuer.token()));
    // What comes again is remembered: it is answered the same.
    for (let times = 0; times < 3; times += 1)
      expect(answerOf(await exchange(app.url, latin1(start)))).toEqual(answer);
  });

  it.each(ACCEPTED)('is %s', async (_, line) => {
    const token = app.issuer.token();
    const guarded = await exchange(app.url, head('GET /me', ...withToken([line], token)));
    expect(guarded.status).toBe(200);
    expect(answerOf(await logout([line], token))).toEqual(ANSWERS.loggedOut);
  });

  it('is not a query parameter', async () => {
    const token = app.issuer.token();
    const answer = await logout([], token, `${LOGOUT}?access_token=${token}`);
    expect(answerOf(answer)).toEqual(ANSWERS.missing);
    await request(app.url).get('/me').query({ access_token: token }).expect(401);
  });

  it.each([
    ['a NUL in it', ['Authorization: Bearer a\u0000b']],
    ['a folded line', ['Authorization: Bearer', ' T']],
    ['a bare line feed', ['Authorization: Bearer\nT']],
    ['a blank before the colon', ['Authorization : Bearer T']],
  ])('with %s is refused by the HTTP parser, and the server goes on', async (_, lines) => {
    const token = app.issuer.token();
    expect(await logout(lines, token)).toMatchObject({ status: 400 });
    await app.me(token).expect(200);
  });

  it('beyond what headers may be is refused by the HTTP parser', async () => {
    const lines = [`Authorization: Bearer ${'A'.repeat(20_000)}`];
    expect(await logout(lines, app.issuer.token())).toMatchObject({ status: 431 });
  });
});
