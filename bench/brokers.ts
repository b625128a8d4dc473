import { Redis } from 'ioredis';
import { NatsRelay } from '../src/nats';
import { fromIoredis, RedisRelay } from '../src/redis';
import type { RelayTransport } from '../src/relay/relay-transport';

/** A server through which a relay can tell what is revoked. Debian's package has the same name. */
export interface Broker {
  readonly program: string;
  /** As a person calls it. */
  readonly title: string;
  /** So that it listens on that port of 127.0.0.1, and keeps nothing outside the folder. */
  readonly args: (port: number, folder: string) => readonly string[];
  readonly url: (port: number) => string;
  /** @param name of the log; none shares it with another name. */
  readonly relay: (url: string, name: string) => RelayTransport;
}

/** All that the bench can start: a new one needs no more than an entry here. */
export const BROKERS = {
  redis: {
    program: 'redis-server',
    title: 'Redis',
    args: (port, folder) => [
      ...['--port', String(port), '--bind', '127.0.0.1'],
      ...['--save', '', '--appendonly', 'no', '--dir', folder],
    ],
    url: (port) => `redis://127.0.0.1:${port}`,
    relay: (url, name) =>
      new RedisRelay(fromIoredis(new Redis(url, { lazyConnect: true })), { name }),
  },
  nats: {
    program: 'nats-server',
    title: 'NATS',
    args: (port, folder) => ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', folder],
    url: (port) => `nats://127.0.0.1:${port}`,
    relay: (url, name) => new NatsRelay({ servers: url }, { name }),
  },
} as const satisfies Readonly<Record<string, Broker>>;

export type BrokerName = keyof typeof BROKERS;

export const BROKER_NAMES = Object.keys(BROKERS) as readonly BrokerName[];

/** @param broker its name, and its URL behind a blank: what an application is told of it. */
export function relayThrough(broker: string): RelayTransport {
  const [name = '', url = ''] = broker.split(' ');
  const found = BROKER_NAMES.find((each) => each === name);
  if (found === undefined) throw new Error(`there is no broker ${name}`);
  return BROKERS[found].relay(url, 'default');
}
