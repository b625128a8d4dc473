import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisClient, RedisConnection, RedisSubscription } from '../../../src/redis';
import { RedisRelay } from '../../../src/redis';
import { RedisLink } from '../../../src/redis/redis-link';
import { until } from '../../support/until';

const never = new Promise<never>(() => undefined);

/** A client that counts its connections, and fails as it is told. */
class FakeClient implements RedisClient {
  connects: 'at once' | 'never' | 'in vain' = 'at once';
  answers: () => Promise<unknown> = () => Promise.resolve('OK');
  opened = 0;
  open = 0;
  listening = 0;
  ring: () => void = () => undefined;

  connect(): RedisConnection {
    return { ...this.connection(), call: () => this.answers() };
  }

  subscribe(_channel: string, onMessage: () => void): RedisSubscription {
    this.ring = onMessage;
    this.listening += 1;
    return this.connection();
  }

  private connection(): RedisSubscription {
    this.opened += 1;
    this.open += 1;
    return {
      ready: {
        'at once': () => Promise.resolve(),
        never: () => never,
        'in vain': () => Promise.reject(new Error('refused')),
      }[this.connects](),
      close: () => (this.open -= 1),
    };
  }
}

let client: FakeClient;
let link: RedisLink;

beforeEach(() => {
  client = new FakeClient();
  link = new RedisLink(client, 50);
});

afterEach(() => {
  link.close();
});

const call = () => link.call(['PING']);

describe('A link to Redis', () => {
  it('uses one connection for all commands, and closes it', async () => {
    expect(await Promise.all([call(), call()])).toEqual(['OK', 'OK']);
    expect([client.opened, client.open]).toEqual([1, 1]);
    link.close();
    link.close();
    expect(client.open).toBe(0);
    expect(link.isListening).toBe(false);
  });

  it('makes its connections anew where a command was not answered in time', async () => {
    link.listen('channel', () => undefined);
    await until(() => link.isListening);
    client.answers = () => never;
    await expect(Promise.allSettled([call(), call()])).resolves.toMatchObject([
      { reason: { message: 'Redis did not answer within 50 ms.' } },
      { reason: { message: 'Redis did not answer within 50 ms.' } },
    ]);
    client.answers = () => Promise.resolve('OK');

    expect(await call()).toBe('OK');
    await until(() => link.isListening);
    expect([client.opened, client.open, client.listening]).toEqual([4, 2, 2]);
  });

  it('keeps its connection where a command fails', async () => {
    client.answers = () => Promise.reject(new Error('READONLY'));
    await expect(call()).rejects.toThrow('READONLY');
    await expect(call()).rejects.toThrow('READONLY');
    expect(client.opened).toBe(1);
  });

  it('connects anew where that has failed, or never comes to an end', async () => {
    client.connects = 'in vain';
    await expect(call()).rejects.toThrow('refused');
    client.connects = 'never';
    await expect(call()).rejects.toThrow('did not answer within 50 ms');
    await until(() => client.open === 0);
    client.connects = 'at once';
    expect(await call()).toBe('OK');
  });

  it('keeps the connection that it has when an earlier attempt comes to its end', async () => {
    client.connects = 'never';
    await expect(call()).rejects.toThrow('did not answer');
    link.close();
    client.connects = 'at once';
    expect(await call()).toBe('OK');
    await sleep(2100); // as long as an attempt may take
    expect(await call()).toBe('OK');
    expect([client.opened, client.open]).toEqual([2, 1]);
  });

  it('goes on trying to listen, until it is closed', async () => {
    let rings = 0;
    client.connects = 'in vain';
    link.listen('channel', () => (rings += 1));
    await until(() => client.listening === 2);
    expect(link.isListening).toBe(false);
    client.connects = 'at once';
    await until(() => link.isListening);
    client.ring();
    expect(rings).toBe(1);

    client.connects = 'in vain';
    link.listen('other', () => undefined);
    const { listening } = client;
    await sleep(10);
    link.close();
    await sleep(700);
    expect(client.listening).toBe(listening);
  });

  it('counts as listening for no attempt that was given up', async () => {
    link.listen('channel', () => undefined);
    link.close();
    await sleep(10);
    expect([link.isListening, client.open]).toEqual([false, 0]);
  });
});

describe('The options of a RedisRelay', () => {
  it.each([
    [{ name: 'with blank' }, '"name" must be 1 to 64 letters'],
    [{ callTimeoutMs: 1 }, '"callTimeoutMs" must be a whole number of milliseconds from 10'],
  ])('%j stop the boot', (options, message) => {
    expect(() => new RedisRelay(client, options)).toThrow(message);
  });

  it('is a client of ours, not of the host', () => {
    expect(() => new RedisRelay({} as never)).toThrow('what fromNodeRedis or fromIoredis returns');
  });
});
