import type { Test } from 'supertest';
import type { AuthModuleOptions } from '../../src';
import { ANSWERS, answerOf } from '../support/answers';
import { PLATFORMS } from '../support/app';
import { auditOf } from '../support/audit';
import { SessionApp, type Login } from '../support/session-app';

const NAME = '__Host-refresh';
const OWN_PAGE = { 'Sec-Fetch-Site': 'same-origin' };
const LISTED = { Origin: 'https://app.example', 'Sec-Fetch-Site': 'cross-site' };
const EXPIRED = `${NAME}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict`;
const OPTIONS: Partial<AuthModuleOptions> = {
  allowedOrigins: ['https://app.example'],
  tokenSources: [{ cookie: '__Host-access' }],
};

/** What a browser sends back. */
const sent = ({ cookie = '' }: Pick<Login, 'cookie'>): string => cookie.split(';', 1)[0] ?? '';

describe.each(PLATFORMS)('Refresh tokens in a cookie, on %s', (platform) => {
  let host: SessionApp;
  beforeEach(async () => {
    host = await SessionApp.start(platform, { cookie: true, idleSeconds: 3600 }, OPTIONS);
  });
  afterEach(() => host.close());

  const refresh = (cookie: string, headers: Readonly<Record<string, string>> = OWN_PAGE): Test =>
    host.ask('post', '/refresh').set('Cookie', cookie).set(headers);
  const setBy = ({ headers }: { headers: unknown }): readonly string[] | undefined =>
    (headers as Record<string, readonly string[] | undefined>)['set-cookie'];

  it('are given to a login as a value for Set-Cookie, good until the session is idle', async () => {
    const { cookie, refresh: token } = await host.login();
    expect(cookie).toMatch(
      new RegExp(
        `^${NAME}=${token}; Max-Age=3(?:599|600); Path=/; HttpOnly; Secure; SameSite=Strict$`,
      ),
    );
  });

  it('are exchanged for a successor in the cookie, which the body does not show', async () => {
    const login = await host.login();
    const answer = await refresh(sent(login)).expect(200);
    const [cookie, ...others] = setBy(answer) ?? [];
    expect(others).toEqual([]);
    expect(Object.keys(answer.body as object)).toEqual([
      ...['success', 'message', 'tokenType', 'accessToken', 'expiresIn'],
    ]);
    expect(cookie).not.toContain(login.refresh);
    await refresh(sent({ cookie })).expect(200);
  });

  it.each([
    ['of the origin of the route', OWN_PAGE],
    [
      'of the origin of the route, with an empty object',
      { ...OWN_PAGE, 'Content-Type': 'application/json' },
    ],
    ['of a listed origin', LISTED],
  ])('count in a request of a page %s', async (_, headers) => {
    const body = 'Content-Type' in headers ? '{}' : undefined;
    await refresh(sent(await host.login()), headers)
      .send(body)
      .expect(200);
  });

  it.each([
    ['says nothing of its sender', {}],
    ['comes from another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['comes from a sibling domain', { 'Sec-Fetch-Site': 'same-site' }],
    ['comes from an address bar', { 'Sec-Fetch-Site': 'none' }],
    ['comes from an origin that is not listed', { Origin: 'https://evil.example' }],
    ['comes from a sandbox', { Origin: 'null' }],
  ])('count for nothing, and are not cleared, where a request %s', async (_, headers) => {
    const login = await host.login();
    const answer = await refresh(sent(login), headers);
    expect(answerOf(answer)).toEqual(ANSWERS.missing);
    await refresh(sent(login)).expect(200);
    const reasons = (await auditOf(host.app)).map(({ reason }) => reason);
    expect(reasons).toContain('cookie_untrusted');
  });

  it('count for nothing in a form, which any page can send', async () => {
    const login = await host.login();
    const answer = await refresh(sent(login)).type('form').send('a=1');
    expect(answerOf(answer)).toEqual(ANSWERS.unsupported);
  });

  it('count for nothing where there are two of the name', async () => {
    const [one, two] = [await host.login(), await host.login()];
    const answer = await refresh(`${sent(one)}; ${sent(two)}`);
    expect(answerOf(answer)).toEqual(ANSWERS.refused);
    await refresh(`theme=dark; ${sent(one)}; ${NAME}=`).expect(200);
  });

  it('yield to what the body names, which gets its successor there', async () => {
    const [inCookie, inBody] = [await host.login(), await host.login()];
    const answer = await refresh(sent(inCookie)).send({ refreshToken: inBody.refresh }).expect(200);
    expect(setBy(answer)).toBeUndefined();
    expect(answer.body).toHaveProperty('refreshToken');
    await refresh(sent(inCookie)).send({ refreshToken: 'rubbish' }).expect(401);
    await refresh(sent(inCookie)).send({ refreshToken: 5 }).expect(401);
  });

  it('stay in the browser where a refresh is refused, whatever the reason', async () => {
    const [ended, reused, live] = [await host.login(), await host.login(), await host.login()];
    await host.app.logout(ended.access);
    const answer = await host.refresh(reused.refresh);
    await host.refresh((answer.body as { refreshToken: string }).refreshToken);
    const forged = `${NAME}=nlr1_${'A'.repeat(91)}`;
    const answers = [
      await refresh(sent(ended)),
      await refresh(sent(reused)),
      await refresh(forged),
      await refresh(sent(live), {}),
    ];
    host.passSeconds(3601);
    answers.push(await refresh(sent(live)));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 403]);
    expect(answers.map(setBy)).toEqual(answers.map(() => undefined));
  });

  it('expire with the logout that ends the bearer, and with no other', async () => {
    const [one, two, three, four] = [
      await host.login(),
      await host.login(),
      await host.login(),
      await host.login(),
    ];
    const answers = [
      await host.ask('delete', `/sessions/${two.sid}`, one.access),
      await host.ask('delete', `/sessions/${one.sid}`, one.access),
      await host.app.logout(three.access),
      await host.ask('post', '/logout/others', four.access),
      await host.ask('post', '/logout/all', four.access),
      await host.ask('post', '/logout/all', four.access),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 401]);
    expect(answers.map(setBy)).toEqual([
      undefined,
      [EXPIRED],
      [EXPIRED],
      undefined,
      [EXPIRED],
      undefined,
    ]);
  });

  it('go with access tokens in a cookie: all routes work from a page of the host’s', async () => {
    const login = await host.login();
    const cookie = `__Host-access=${login.access}; ${sent(login)}`;
    const ask = (
      method: 'get' | 'post' | 'delete',
      path: string,
      headers: Readonly<Record<string, string>> = OWN_PAGE,
    ): Test => host.ask(method, path).set('Cookie', cookie).set(headers);
    const json = { ...OWN_PAGE, 'Content-Type': 'application/json' };
    const foreign = { Origin: 'https://evil.example', 'Content-Type': 'application/json' };
    for (const [method, path] of [
      ['get', '/sessions'],
      ['post', '/logout/others'],
      ['delete', `/sessions/${login.sid}`],
      ['post', '/logout/all'],
    ] as const)
      expect(answerOf(await ask(method, path, foreign))).toEqual(ANSWERS.missing);
    await ask('post', '/logout/others').expect(401);
    await ask('get', '/sessions').expect(200);
    await ask('get', '/sessions', LISTED).expect(200);
    await ask('post', '/logout/others', json).expect(200);
    await ask('delete', `/sessions/${login.sid}`, LISTED).expect(200);
  });
});

describe.each(PLATFORMS)('Without sessions.cookie, on %s,', (platform) => {
  it('no cookie is read or set, and a login is told so', async () => {
    const host = await SessionApp.start(platform);
    try {
      const login = await host.login();
      const asked = host.ask('post', '/refresh').set('Cookie', `${NAME}=${login.refresh}`);
      expect(answerOf(await asked.set(OWN_PAGE))).toEqual(ANSWERS.missing);
      expect((await host.app.logout(login.access)).headers).not.toHaveProperty('set-cookie');
      const tokens = await host.sessions.open('ada');
      expect(() => host.sessions.refreshCookie(tokens)).toThrow('set sessions.cookie');
    } finally {
      await host.close();
    }
  });
});
