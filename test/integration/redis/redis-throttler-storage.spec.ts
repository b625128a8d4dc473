import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { RedisThrottlerStorage, type RedisThrottlerOptions } from '../../../src/redis';
import { TestApp } from '../../support/app';
import { CLIENTS } from '../../support/redis-clients';
import { hasRedis, RedisServer } from '../../support/redis-server';
import { testWith } from '../../support/tools';
import { until } from '../../support/until';

const MINUTE = 60_000;

testWith('redis-server', hasRedis(), () => {
  let server: RedisServer;
  let opened: RedisThrottlerStorage[] = [];
  let names = 0;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterEach(() => {
    for (const storage of opened) storage.close();
    opened = [];
  });

  afterAll(async () => {
    await server.remove();
  });

  describe.each(CLIENTS)('RedisThrottlerStorage by %s', (_, make) => {
    let name: string;
    let errors: Error[];

    beforeEach(() => {
      names += 1;
      name = `limits-${names}`;
      errors = [];
    });

    const open = (options: RedisThrottlerOptions = {}): RedisThrottlerStorage => {
      const onError = (error: Error): void => void errors.push(error);
      const own = { name, callTimeoutMs: 5000, onError, ...options };
      const storage = new RedisThrottlerStorage(make(server.url), own);
      opened.push(storage);
      return storage;
    };
    const inTurn = async (count: number, hit: () => Promise<unknown>): Promise<unknown[]> => {
      const answers = [];
      for (let turn = 0; turn < count; turn += 1) answers.push(await hit());
      return answers;
    };

    it('counts the requests of all instances together', async () => {
      const [one, other] = [open(), open()];
      const hitsOf = async (storage: RedisThrottlerStorage): Promise<[number, boolean]> => {
        const { totalHits, isBlocked } = await storage.increment(
          'ada',
          MINUTE,
          3,
          MINUTE,
          'logout',
        );
        return [totalHits, isBlocked];
      };

      expect(await hitsOf(one)).toEqual([1, false]);
      expect(await hitsOf(other)).toEqual([2, false]);
      expect(await hitsOf(one)).toEqual([3, false]);
      expect(await hitsOf(other)).toEqual([4, true]);
      expect(await hitsOf(one)).toEqual([4, true]);
    });

    it('lets exactly as many through as the limit says, however many come at once', async () => {
      const storages = [open(), open()];
      const all = Array.from({ length: 40 }, (_, at) =>
        storages[at % 2]!.increment('ada', MINUTE, 10, MINUTE, 'logout'),
      );

      expect((await Promise.all(all)).filter(({ isBlocked }) => !isBlocked)).toHaveLength(10);
    });

    it('counts keys, throttlers and names apart', async () => {
      const storage = open();
      const elsewhere = open({ name: `${name}.b` });
      const answers = [
        await storage.increment('ada', MINUTE, 1, MINUTE, 'logout'),
        await storage.increment('bob', MINUTE, 1, MINUTE, 'logout'),
        await storage.increment('ada', MINUTE, 1, MINUTE, 'other'),
        await storage.increment('}', MINUTE, 1, MINUTE, ''),
        await elsewhere.increment('ada', MINUTE, 1, MINUTE, 'logout'),
      ];

      expect(answers.map(({ isBlocked }) => isBlocked)).toEqual([
        false,
        false,
        false,
        false,
        false,
      ]);
    });

    it('says in seconds how long that lasts, and leaves nothing behind', async () => {
      const storage = open();
      const hit = () => storage.increment('ada', 300, 1, 1500, 'logout');

      // Sent together: so much time cannot pass between them.
      expect(await Promise.all([hit(), hit()])).toEqual([
        { totalHits: 1, timeToExpire: 1, isBlocked: false, timeToBlockExpire: 0 },
        { totalHits: 2, timeToExpire: 2, isBlocked: true, timeToBlockExpire: 2 },
      ]);
      await until(async () => !(await hit()).isBlocked);
      await until(async () => String(await server.command('KEYS', `*nl:${name}:*`)) === '');
    });

    it('without a block frees the key as soon as its first request counts no more', async () => {
      const storage = open();
      const hit = () => storage.increment('ada', 2000, 2, 0, 'logout');

      const [, , refused] = await Promise.all([hit(), hit(), hit()]);
      expect(refused).toMatchObject({ totalHits: 3, isBlocked: true });
      expect(refused.timeToBlockExpire).toBeGreaterThan(0);
      await until(async () => !(await hit()).isBlocked);
    });

    it('blocks nothing while the server is stopped, says so once, and counts again afterwards', async () => {
      const [patient, hasty] = [open(), open({ callTimeoutMs: 100 })];
      const hitBy = async (storage: RedisThrottlerStorage): Promise<boolean> =>
        (await storage.increment('ada', MINUTE, 1, MINUTE, 'x')).isBlocked;
      const hit = () => hitBy(hasty);
      expect(await inTurn(2, () => hitBy(patient))).toEqual([false, true]);

      server.signal('SIGSTOP');
      expect(await inTurn(3, hit)).toEqual([false, false, false]);
      server.signal('SIGCONT');

      await until(hit);
      expect(errors.map(({ message }) => message)).toEqual([
        'Redis does not count requests, so no limit on them holds at present.',
      ]);
    });

    it('blocks nothing while the server is gone, and counts anew when it is back, empty', async () => {
      const storage = open({ callTimeoutMs: 1000 });
      const hit = async () => (await storage.increment('ada', MINUTE, 2, MINUTE, 'x')).isBlocked;
      expect(await inTurn(3, hit)).toEqual([false, false, true]);

      await server.kill();
      expect(await inTurn(3, hit)).toEqual([false, false, false]);
      expect(errors).toHaveLength(1);
      await server.restart();

      await until(hit);
    });

    it('is the storage of ThrottlerModule', async () => {
      const storages = [open(), open()];
      const apps = await Promise.all(storages.map(throttledApp));
      const statuses = [];
      for (const at of [0, 1, 0, 1]) statuses.push((await fetch(await apps[at]!.getUrl())).status);
      await Promise.all(apps.map((app) => app.close()));

      expect(statuses).toEqual([200, 200, 429, 429]);
    });

    it('is the throttlerStorage of LogoutModule', async () => {
      const options = { throttleLimit: 2 };
      const start = () => TestApp.start('express', { ...options, throttlerStorage: open() });
      const [one, other] = [await start(), await start()];
      const statuses = [];
      for (const app of [one, other, one, other]) statuses.push((await app.post()).status);
      await Promise.all([one.close(), other.close()]);

      expect(statuses).toEqual([401, 401, 429, 429]);
    });
  });

  it('says what is wrong with its options', () => {
    const [[, make]] = CLIENTS as [(typeof CLIENTS)[number]];
    const client = make(server.url);
    expect(() => new RedisThrottlerStorage(client, { name: 'a b' })).toThrow('"name" must be');
    expect(() => new RedisThrottlerStorage({} as never)).toThrow(
      'what fromNodeRedis or fromIoredis',
    );
  });
});

async function throttledApp(storage: RedisThrottlerStorage): Promise<INestApplication> {
  @Controller()
  class HomeController {
    @Get()
    home(): string {
      return 'home';
    }
  }
  @Module({
    imports: [ThrottlerModule.forRoot({ throttlers: [{ ttl: MINUTE, limit: 2 }], storage })],
    controllers: [HomeController],
    providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
  })
  class HostModule {}
  const app = await NestFactory.create(HostModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  return app;
}
