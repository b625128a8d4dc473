import type { RedisClient } from './redis-client';

/** What is used of a client of the package redis (node-redis), 6 or newer. */
export interface NodeRedisClient {
  duplicate(options: object): OwnClient;
}

interface OwnClient {
  connect(): Promise<unknown>;
  sendCommand(command: string[]): Promise<unknown>;
  subscribe(channel: string, onMessage: () => void): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
  destroy(): void;
}

/** @param client whose options are used: it is never opened, closed or asked. */
export function fromNodeRedis(client: NodeRedisClient): RedisClient {
  const duplicate = (): OwnClient => {
    const own = client.duplicate({ disableOfflineQueue: true, commandOptions: undefined });
    own.on('error', () => undefined); // each call fails by itself
    return own;
  };
  const close = (own: OwnClient) => () => {
    try {
      own.destroy();
    } catch {
      // It is closed already.
    }
  };
  return {
    connect() {
      const own = duplicate();
      return {
        ready: own.connect(),
        call: (command) => own.sendCommand([...command]),
        close: close(own),
      };
    },
    subscribe(channel, onMessage) {
      const own = duplicate();
      own.on('ready', onMessage);
      const subscribed = own.connect().then(() => own.subscribe(channel, onMessage));
      return { ready: subscribed.then(onMessage), close: close(own) };
    },
  };
}
