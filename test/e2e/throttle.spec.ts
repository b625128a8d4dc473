import { Controller, Get, HttpCode, Module, Post, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  ThrottlerGuard,
  ThrottlerModule,
  ThrottlerStorageService,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import type { INestApplication } from '@nestjs/common';
import request, { type Response, type Test } from 'supertest';
import { LogoutThrottlerGuard, type AuthModuleOptions } from '../../src';
import { ANSWERS, answerOf } from '../support/answers';
import {
  adapterFor,
  LOGOUT,
  MeController,
  PLATFORMS,
  TestApp,
  type Platform,
} from '../support/app';
import { auditOf } from '../support/audit';
import { FaultyStore } from '../support/faulty-store';

const LIMIT = 3;
const WINDOW_SECONDS = 60;

/** Sends the requests one after the other. */
async function inTurn(...requests: readonly (() => Test)[]): Promise<Response[]> {
  const answers: Response[] = [];
  for (const send of requests) answers.push(await send());
  return answers;
}

const times = (count: number, send: () => Test): (() => Test)[] =>
  Array.from({ length: count }, () => send);

const statuses = (answers: readonly Response[]): number[] => answers.map(({ status }) => status);

/** An application that believes `X-Forwarded-For`. */
function behindProxy(platform: Platform, options: Partial<AuthModuleOptions> = {}) {
  const adapter = platform === 'fastify' ? new FastifyAdapter({ trustProxy: true }) : undefined;
  return TestApp.start(
    platform,
    { throttleLimit: LIMIT, ...options },
    {
      adapter: adapter ?? adapterFor(platform),
      configure: (nest: INestApplication) => {
        if (platform === 'express') (nest as NestExpressApplication).set('trust proxy', true);
      },
    },
  );
}

@Controller('refresh')
class RefreshController {
  @Post()
  @HttpCode(200)
  @UseGuards(LogoutThrottlerGuard)
  refresh(): object {
    return { isFresh: true };
  }
}

describe.each(PLATFORMS)('The throttle on %s', (platform) => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start(
      platform,
      { throttleLimit: LIMIT },
      { controllers: [MeController, RefreshController] },
    );
  });
  afterEach(() => app.close());

  const anonymous = (): Test => app.post();
  /** A live bearer whose request fails afterwards, so that it stays live. */
  const failing = (token: string) => (): Test =>
    app.post().set('Authorization', `Bearer ${token}`).type('json').send('{}');
  const fill = () => inTurn(...times(LIMIT, anonymous));

  it('lets the limit through, and answers 429 from the next request on', async () => {
    const answers = await inTurn(...times(LIMIT + 2, anonymous));
    expect(statuses(answers)).toEqual([401, 401, 401, 429, 429]);
    expect(answerOf(answers[LIMIT]!)).toEqual(ANSWERS.tooMany);
    expect(answerOf(answers[LIMIT + 1]!)).toEqual(ANSWERS.tooMany);
  });

  it('says in whole seconds when to come back', async () => {
    await fill();
    const { headers } = await anonymous();
    expect(headers['retry-after']).toMatch(/^[1-9]\d?$/);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(WINDOW_SECONDS);
    expect(Number(headers['retry-after'])).toBeGreaterThan(WINDOW_SECONDS - 10);
    expect(Object.keys(headers)).not.toContainEqual(expect.stringMatching(/^(x-)?ratelimit/));
  });

  it('says nothing of the sort while there is room', async () => {
    expect((await anonymous()).headers).not.toHaveProperty('retry-after');
  });

  it.each<[string, () => Test]>([
    ['a wrong method', () => request(app.url).get(LOGOUT)],
    ['a form', () => app.post().type('form').send('a=b')],
    ['malformed JSON', () => app.post().type('json').send('{')],
    [
      'a body over 16 KB',
      () =>
        app
          .post()
          .type('json')
          .send(`"${'x'.repeat(16_384)}"`),
    ],
    ['a forged token', () => app.logout('a.b.c')],
    ['an expired token', () => app.logout(app.issuer.expired())],
  ])('counts %s', async (_, send) => {
    await inTurn(...times(LIMIT, send));
    expect(answerOf(await anonymous())).toEqual(ANSWERS.tooMany);
  });

  it('lets a live bearer log out although the address is full', async () => {
    await fill();
    const token = app.issuer.token();
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.loggedOut);
    await app.me(token).expect(401);
  });

  it('refuses every other token too: revoked, expired, forged', async () => {
    const revoked = app.issuer.token();
    await app.logout(revoked).expect(200);
    await fill();
    expect(answerOf(await app.logout(revoked))).toEqual(ANSWERS.tooMany);
    expect(answerOf(await app.logout(app.issuer.expired()))).toEqual(ANSWERS.tooMany);
    expect(answerOf(await app.logout('a.b.c'))).toEqual(ANSWERS.tooMany);
  });

  it('counts a live token by itself, and refuses it for its own excess', async () => {
    const token = app.issuer.token();
    const answers = await inTurn(...times(LIMIT + 1, failing(token)));
    expect(statuses(answers)).toEqual([401, 401, 401, 429]);
    expect(answerOf(answers[LIMIT]!)).toEqual(ANSWERS.tooMany);
    expect(answers[LIMIT]!.headers['retry-after']).toMatch(/^[1-9]\d?$/);
    await app.me(token).expect(200);
  });

  it("never counts by subject: a thief's excess does not stop the user's logout", async () => {
    await inTurn(...times(LIMIT + 1, failing(app.issuer.token())));
    expect(answerOf(await app.logout(app.issuer.token()))).toEqual(ANSWERS.loggedOut);
  });

  it.each([
    ['415', 'text/plain', 'x'],
    ['413', 'application/json', `"${'x'.repeat(16_384)}"`],
    ['400', 'application/json', '{'],
  ])('comes before the %s', async (_, type, body) => {
    await fill();
    expect(answerOf(await app.post().type(type).send(body))).toEqual(ANSWERS.tooMany);
  });

  it('comes before the 405, and before what OPTIONS with a body gets', async () => {
    await fill();
    expect(answerOf(await request(app.url).get(LOGOUT))).toEqual(ANSWERS.tooMany);
    const options = request(app.url).options(LOGOUT).send({});
    expect(answerOf(await options)).toEqual(ANSWERS.tooMany);
    await request(app.url).options(LOGOUT).expect(204);
  });

  it('never refuses a live bearer that logs itself out, whatever a thief of it has burnt', async () => {
    const token = app.issuer.token();
    await inTurn(...times(LIMIT + 3, failing(token)));
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.loggedOut);
    await app.me(token).expect(401);
  });

  it('counts by the live token that names another', async () => {
    const token = app.issuer.token();
    const naming = () => app.logout(token, 'a.b.c');
    expect(statuses(await inTurn(...times(LIMIT + 1, naming)))).toEqual([401, 401, 401, 429]);
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.loggedOut);
  });

  it('leaves guarded routes alone: a full address keeps its live and its revoked tokens apart', async () => {
    const revoked = app.issuer.token();
    await app.logout(revoked).expect(200);
    await fill();
    await app.me(app.issuer.token()).expect(200);
    await app.me(revoked).expect(401);
  });

  it('does not believe X-Forwarded-For unless the host trusts its proxy', async () => {
    const answers = await inTurn(
      ...[1, 2, 3, 4].map((host) => () => anonymous().set('X-Forwarded-For', `203.0.113.${host}`)),
    );
    expect(statuses(answers)).toEqual([401, 401, 401, 429]);
  });

  it('writes one audit row for each full bucket, however many requests it refuses', async () => {
    const token = app.issuer.token();
    await inTurn(...times(LIMIT + 3, failing(token)), ...times(3, anonymous));
    const events = await auditOf(app, { event: 'excess_rate_limit_exceeded' });
    expect(events).toMatchObject([
      { outcome: 'failure', reason: 'limit_by_address', ip: '127.0.0.1' },
      { outcome: 'failure', reason: 'limit_by_token', ip: '127.0.0.1' },
    ]);
    expect(events).toHaveLength(2);
  });

  describe("through LogoutThrottlerGuard on a host's route", () => {
    const refresh = (): Test => request(app.url).post('/refresh');

    it('answers the same 429', async () => {
      const answers = await inTurn(...times(LIMIT + 1, refresh));
      expect(statuses(answers)).toEqual([200, 200, 200, 429]);
      expect(answerOf(answers[LIMIT]!)).toEqual(ANSWERS.tooMany);
      expect(answers[LIMIT]!.headers['retry-after']).toMatch(/^[1-9]\d?$/);
    });

    it('counts by address while the token cannot be checked, and leaves the answer to the route', async () => {
      const store = new FaultyStore();
      const blind = await TestApp.start(
        platform,
        { throttleLimit: LIMIT, store, enforce: 'guarded' },
        { controllers: [RefreshController] },
      );
      try {
        store.isBlind = true;
        const send = () =>
          request(blind.url)
            .post('/refresh')
            .set('Authorization', `Bearer ${blind.issuer.token()}`);
        expect(statuses(await inTurn(...times(LIMIT + 1, send)))).toEqual([200, 200, 200, 429]);
      } finally {
        await blind.close();
      }
    });

    it('shares its buckets with the logout', async () => {
      await fill();
      await refresh().expect(429);
      const live = `Bearer ${app.issuer.token()}`;
      await refresh().set('Authorization', live).expect(200, { isFresh: true });
    });
  });
});

describe.each(PLATFORMS)('The throttle behind a trusted proxy on %s', (platform) => {
  let app: TestApp;
  beforeEach(async () => {
    app = await behindProxy(platform);
  });
  afterEach(() => app.close());

  const from = (address: string, bearer?: string) => (): Test => {
    const sent = app.post().set('X-Forwarded-For', address).type('json');
    return (bearer === undefined ? sent : sent.set('Authorization', `Bearer ${bearer}`)).send('{}');
  };

  it('gives each IPv4 address its own bucket', async () => {
    await inTurn(...times(LIMIT + 1, from('203.0.113.1')));
    expect(statuses(await inTurn(from('203.0.113.1'), from('203.0.113.2')))).toEqual([429, 401]);
  });

  it('takes the 2^64 addresses of one IPv6 customer for one', async () => {
    const answers = await inTurn(
      from('2001:db8:0:7::1'),
      from('2001:db8::7:ffff:ffff:ffff:ffff'),
      from('2001:0DB8:0000:0007:1::'),
      from('2001:db8:0:7:8000::'),
      from('2001:db8:0:8::1'),
    );
    expect(statuses(answers)).toEqual([401, 401, 401, 429, 401]);
  });

  it('takes an IPv4 address for itself when it comes mapped into IPv6', async () => {
    await inTurn(...times(LIMIT, from('203.0.113.9')));
    expect(statuses(await inTurn(from('::ffff:203.0.113.9')))).toEqual([429]);
  });

  it('counts a live token across all the addresses it comes from', async () => {
    const token = app.issuer.token();
    const answers = await inTurn(...[1, 2, 3, 4].map((host) => from(`203.0.113.${host}`, token)));
    expect(statuses(answers)).toEqual([401, 401, 401, 429]);
  });
});

/** The storage of @nestjs/throttler, telling what it was asked. */
class RecordingStorage extends ThrottlerStorageService {
  readonly asked: unknown[][] = [];

  override increment(key: string, ...rules: [number, number, number, string]) {
    this.asked.push([key, ...rules]);
    return super.increment(key, ...rules);
  }
}

class BrokenStorage implements ThrottlerStorage {
  increment(): Promise<never> {
    return Promise.reject(new Error('connection to canary lost'));
  }
}

describe.each(PLATFORMS)('The storage of the throttle on %s', (platform) => {
  let app: TestApp;
  afterEach(() => app.close());

  it('is what the host gives, and is asked by address and by token identity', async () => {
    const throttlerStorage = new RecordingStorage();
    app = await TestApp.start(platform, { throttlerStorage, throttleLimit: LIMIT });
    await app.post();
    await app.logout(app.issuer.token()).expect(200);
    await app.logout(app.issuer.token(), 'a.b.c').expect(401);
    const rules = [60_000, LIMIT, 60_000, 'logout'];
    expect(throttlerStorage.asked).toEqual([
      ['logout:address:127.0.0.1', ...rules],
      ['logout:address:127.0.0.1', ...rules],
      ['logout:address:127.0.0.1', ...rules],
      [expect.stringMatching(/^logout:token:[\da-f]{64}$/), ...rules],
    ]);
  });

  it('frees the address when the window is over', async () => {
    app = await TestApp.start(platform, { throttleLimit: 1, throttleTtlMs: 3_600_000 });
    await app.post().expect(401);
    const refused = await app.post();
    expect(refused.headers['retry-after']).toBe('3600');
    const now = performance.now.bind(performance);
    let passedMs = 3_500_000;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
    await app.post().expect(429);
    passedMs = 3_600_000;
    await app.post().expect(401);
    clock.mockRestore();
  });

  it('when it is broken, still logs out, and still refuses', async () => {
    const logged: unknown[] = [];
    const record = (message: unknown): void => {
      logged.push(message);
    };
    app = await TestApp.start(
      platform,
      { throttlerStorage: new BrokenStorage(), throttleLimit: 1 },
      {
        configure: (nest) => {
          nest.useLogger({ log: () => undefined, warn: () => undefined, error: record });
        },
      },
    );
    const token = app.issuer.token();
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.loggedOut);
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.refused);
    await app.me(token).expect(401);
    expect(logged).toContainEqual(new Error('connection to canary lost'));
  });
});

@Controller('ping')
class PingController {
  @Get()
  ping(): string {
    return 'pong';
  }
}

@Module({
  imports: [ThrottlerModule.forRoot([{ ttl: 60_000, limit: 6 }])],
  controllers: [PingController],
  providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
})
class OwnThrottler {}

describe.each(PLATFORMS)("Beside a host's own ThrottlerModule on %s", (platform) => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start(platform, { throttleLimit: LIMIT }, { imports: [OwnThrottler] });
  });
  afterEach(() => app.close());

  const ping = (): Test => request(app.url).get('/ping');

  it("the host's limit is the host's, counted once", async () => {
    await inTurn(...times(LIMIT + 1, () => app.post()));
    const answers = await inTurn(...times(7, ping));
    expect(statuses(answers)).toEqual([200, 200, 200, 200, 200, 200, 429]);
    expect(answers.slice(0, 3).map(({ headers }) => headers['x-ratelimit-remaining'])).toEqual([
      '5',
      '4',
      '3',
    ]);
  });

  it('our limit is ours, counted once', async () => {
    await inTurn(...times(7, ping));
    const answers = await inTurn(...times(LIMIT + 1, () => app.post()));
    expect(statuses(answers)).toEqual([401, 401, 401, 429]);
  });

  it("what the host's limit refuses on our route has our envelope", async () => {
    const tokens = Array.from({ length: 7 }, () => app.issuer.token());
    const answers = await inTurn(...tokens.map((token) => () => app.logout(token)));
    expect(statuses(answers)).toEqual([200, 200, 200, 200, 200, 200, 429]);
    expect(answerOf(answers[6]!)).toEqual(ANSWERS.tooMany);
    await app.me(tokens[6]!).expect(200);
  });
});
