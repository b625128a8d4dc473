import type { RedisClient } from './redis-client';

/** What is used of a client of ioredis, 5.9 or newer. */
export interface IoredisClient {
  duplicate(options: object): IoredisClient;
  connect(): Promise<unknown>;
  call(command: string, ...args: string[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
  disconnect(): void;
}

const OWN_OPTIONS = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  keyPrefix: '',
  keepAlive: 1000,
  retryStrategy: (attempts: number) => Math.min(50 * attempts, 1000),
};

/** @param client whose options are used: it is never opened, closed or asked. */
export function fromIoredis(client: IoredisClient): RedisClient {
  const duplicate = (): IoredisClient => {
    const own = client.duplicate(OWN_OPTIONS);
    own.on('error', () => undefined); // each call fails by itself
    return own;
  };
  return {
    async connect() {
      const own = duplicate();
      await connected(own);
      return {
        call: ([command = '', ...args]) => own.call(command, ...args),
        close: () => {
          own.disconnect();
        },
      };
    },
    async subscribe(channel, onMessage) {
      const own = duplicate();
      own.on('message', onMessage);
      own.on('ready', () => {
        own.subscribe(channel).then(onMessage, () => {
          own.disconnect();
        });
      });
      await connected(own);
      return {
        close: () => {
          own.disconnect();
        },
      };
    },
  };
}

async function connected(own: IoredisClient): Promise<void> {
  try {
    await own.connect();
  } catch (error) {
    own.disconnect();
    throw error;
  }
}
