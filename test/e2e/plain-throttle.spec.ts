import type { Response } from 'supertest';
import { PlainHost, PLAIN_APPS } from '../support/plain-host';

const LIMIT = 3;
const TOO_MANY = '{"error":"Too many requests"}';

describe.each(PLAIN_APPS)('The throttle of the logout on %s', (_name, start) => {
  let host: PlainHost;
  beforeEach(async () => {
    host = await start({ options: { throttleLimit: LIMIT } });
  });
  afterEach(() => host.close());

  const anonymous = () => host.post().type('json').send('{}');
  const times = async (count: number, send: () => PromiseLike<Response>): Promise<number[]> => {
    const statuses: number[] = [];
    for (let i = 0; i < count; i += 1) statuses.push((await send()).status);
    return statuses;
  };

  it('lets the limit of an address through, and answers 429 from the next request on', async () => {
    expect(await times(LIMIT + 1, anonymous)).toEqual([400, 400, 400, 429]);
    const answer = await anonymous().expect(429, TOO_MANY);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    const seconds = Number(answer.headers['retry-after']);
    expect(seconds).toBeGreaterThan(50);
    expect(seconds).toBeLessThanOrEqual(60);
    expect((await host.protected(host.issuer.token())).headers).not.toHaveProperty('retry-after');
  });

  it.each([
    ['malformed JSON', () => host.post().type('json').send('{')],
    ['a form', () => host.post().type('form').send('a=b')],
    ['an expired token', () => host.logout(host.issuer.expired())],
    ['a forged token', () => host.logout('a.b.c')],
  ])('counts %s', async (_what, send) => {
    await times(LIMIT, send);
    await send().expect(429, TOO_MANY);
  });

  it('revokes a live token although its address is full, and no token twice', async () => {
    await times(LIMIT + 1, anonymous);
    const token = host.issuer.token();
    await host.logout(token).expect(200, '{"message":"Logged out successfully"}');
    await host.protected(token).expect(401);
    await host.logout(token).expect(429, TOO_MANY);
  });

  it('tells a flood in one row for the full address, and one for each unreadable kind', async () => {
    await times(2, () => host.post().type('json').send('{'));
    await times(20, anonymous);
    await host.revocation.audit.close();
    const { events } = await host.revocation.audit.find({});
    expect(events.map(({ event, reason }) => `${event} ${reason ?? ''}`)).toEqual([
      'excess_rate_limit_exceeded limit_by_address',
      'authn_token_revoked token_missing',
      'input_validation_fail bad_request',
    ]);
  });

  it('answers in the words of the host', async () => {
    const answers = { tooManyRequests: { status: 420, body: { calm: true } } };
    const own = await start({ options: { throttleLimit: 1, answers } });
    await own.logout('a.b.c').expect(400);
    await own.logout('a.b.c').expect(420, '{"calm":true}');
    await own.close();
  });
});

describe('The throttle of the Express face', () => {
  it('takes ten logouts a minute from an address, unless told otherwise', async () => {
    const host = await PlainHost.express({ options: { throttleLimit: undefined } });
    const statuses: number[] = [];
    for (let i = 0; i < 11; i += 1) statuses.push((await host.logout('a.b.c')).status);
    expect(statuses).toEqual([...Array<number>(10).fill(400), 429]);
    await host.close();
  });

  it.each([
    [{ throttleLimit: 0 }, '"throttleLimit" must be a whole number of requests from 1 to 1000000'],
    [{ throttleTtlMs: 1 }, '"throttleTtlMs" must be a whole number of milliseconds from 1000'],
  ])('%j stops the boot', async (options, sentence) => {
    await expect(PlainHost.express({ options })).rejects.toThrow(sentence);
  });
});
