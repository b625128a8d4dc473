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
  return {
    async connect() {
      const own = duplicate();
      await connected(own);
      return {
        call: (command) => own.sendCommand([...command]),
        close: () => {
          close(own);
        },
      };
    },
    async subscribe(channel, onMessage) {
      const own = duplicate();
      own.on('ready', onMessage);
      await connected(own);
      await own.subscribe(channel, onMessage);
      onMessage();
      return {
        close: () => {
          close(own);
        },
      };
    },
  };
}

async function connected(own: OwnClient): Promise<void> {
  try {
    await own.connect();
  } catch (error) {
    close(own);
    throw error;
  }
}

function close(own: OwnClient): void {
  try {
    own.destroy();
  } catch {
    // It is closed already.
  }
}
