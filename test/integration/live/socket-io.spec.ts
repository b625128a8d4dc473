import { setTimeout as sleep } from 'node:timers/promises';
import { Module, UseGuards, type INestApplication } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { CurrentToken, JwtAuthGuard, type VerifiedToken } from '../../../src';
import { LiveIoAdapter } from '../../../src/nest/socket-io';
import type { RevocationQuery } from '../../../src/tokens/scopes';
import type { TestApp } from '../../support/app';
import { useClock } from '../../support/clock';
import { FaultyStore } from '../../support/faulty-store';
import { until } from '../../support/until';
import { IoClient } from './io-clients';
import { startHost, TwoInstances, type LiveHost } from './two-instances';

type Server = ReturnType<LiveIoAdapter['createIOServer']>;
type ServerOptions = NonNullable<Parameters<LiveIoAdapter['createIOServer']>[1]>;

let told: string[] = [];

@WebSocketGateway()
class Gateway {
  @WebSocketServer() readonly server!: Server;

  handleConnection(): void {
    told.push('connection');
  }

  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown, @CurrentToken() token: VerifiedToken) {
    told.push('message');
    return { event: 'echo', data: [data, token.claims.sub] };
  }

  @UseGuards(JwtAuthGuard)
  @SubscribeMessage('guarded')
  guarded(@ConnectedSocket() { user }: { user: { sub: string } }) {
    return { event: 'guarded', data: user.sub };
  }
}

@WebSocketGateway({ namespace: '/chat' })
class ChatGateway {
  @SubscribeMessage('echo')
  echo() {
    return { event: 'echo', data: 'chat' };
  }
}

@WebSocketGateway({ namespace: /^\/room-\d+$/ })
class RoomGateway {}

@Module({ providers: [Gateway, ChatGateway, RoomGateway] })
class Gateways {}

type Recovery = ServerOptions['connectionStateRecovery'];

/** As a host adds options of its own. */
const adapterWith = (recovery?: Recovery, prepare: (server: Server) => void = () => undefined) =>
  class extends LiveIoAdapter {
    override createIOServer(port: number, options?: ServerOptions): Server {
      const own = recovery === undefined ? {} : { connectionStateRecovery: recovery };
      const server = super.createIOServer(port, { ...options, ...own } as ServerOptions);
      prepare(server);
      return server;
    }
  };

const hostWith = (...args: Parameters<typeof adapterWith>): LiveHost => ({
  imports: [Gateways],
  configure: (app: INestApplication) => {
    app.useWebSocketAdapter(new (adapterWith(...args))(app));
  },
});

const REFUSED = {
  status: 401,
  success: false,
  message: 'Token no proporcionado o inválido',
};

const serverOf = (app: TestApp): Server => app.nest.get(Gateway, { strict: false }).server;

const setClockForward = useClock();

beforeEach(() => {
  told = [];
});

describe('A client of socket.io', () => {
  let instances: TwoInstances;
  const clients: IoClient[] = [];
  const clientOf = (token?: string, namespace?: string, header?: boolean): IoClient => {
    const client = new IoClient(instances.here.url, token, namespace, header);
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    instances = await TwoInstances.start(hostWith());
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(() => instances.close());

  it.each(['', '/chat', '/room-7'])(
    'is disconnected for good when its user logs out at another instance (namespace "%s")',
    async (namespace) => {
      const token = instances.token();
      const client = await clientOf(token, namespace).connect();
      const other = await clientOf(instances.token(), namespace).connect();
      await instances.logout(token);
      expect(await client.ended()).toBe('io server disconnect');
      expect(other.socket.connected).toBe(true);
      expect((await client.refused()).data).toEqual(REFUSED);
    },
  );

  it.each(['', '/chat', '/room-7'])(
    'is refused without a live token (namespace "%s"), and no gateway hears of it',
    async (namespace) => {
      const expired = instances.here.issuer.expired();
      for (const token of [undefined, 'a.b.c', expired])
        expect((await clientOf(token, namespace).refused()).data).toMatchObject({ success: false });
      expect(told).toEqual([]);
    },
  );

  it('is known to handlers and to the guard by the token of its handshake', async () => {
    for (const header of [false, true]) {
      const { socket } = await clientOf(instances.token(), '', header).connect();
      const answers: unknown[] = [];
      socket.on('echo', (data) => answers.push(data));
      socket.on('guarded', (data) => answers.push(data));
      socket.emit('echo', 1);
      socket.emit('guarded', {});
      await until(() => answers.length === 2);
      expect(answers).toEqual(expect.arrayContaining([[1, 'ada'], 'ada']));
    }
  });

  it('is disconnected when its token expires', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    const client = await clientOf(instances.token({ exp })).connect();
    setClockForward(60_000);
    expect(await client.ended()).toBe('io server disconnect');
  });

  it('is disconnected from the namespaces of one token, and stays in those of another', async () => {
    const [token, other] = [instances.token(), instances.token()];
    const client = await clientOf(token).connect();
    const chat = client.socket.io.socket('/chat', { auth: { token: other } });
    chat.connect();
    await until(() => chat.connected);
    await instances.logout(token);
    expect(await client.ended()).toBe('io server disconnect');
    const answered = new Promise((resolve) => chat.once('echo', resolve));
    chat.emit('echo', {});
    expect(await answered).toBe('chat');
    chat.close();
  });

  it('leaves nothing behind, a thousand times', async () => {
    const listenersOf = () => {
      const server = serverOf(instances.here);
      const { engine, sockets } = server;
      return [engine, sockets, sockets.adapter].map((emitter) =>
        emitter.eventNames().map((name) => [name, emitter.listenerCount(name as 'connection')]),
      );
    };
    await until(() => instances.live.size === 0);
    const before = listenersOf();
    const token = instances.token();
    for (let count = 0; count < 20; count += 1) {
      const many = Array.from({ length: 50 }, () => clientOf(token));
      await Promise.all(many.map((client) => client.connect()));
      for (const client of many) client.close();
    }
    await until(() => instances.live.size === 0);
    expect(listenersOf()).toEqual(before);
  });
});

describe.each([
  ['off', undefined],
  ['on', { maxDisconnectionDuration: 60_000 }],
  ['on, with middlewares', { maxDisconnectionDuration: 60_000, skipMiddlewares: false }],
] as const)('With connection state recovery %s', (_, recovery) => {
  let instances: TwoInstances;
  const clients: IoClient[] = [];
  const clientOf = (token: string): IoClient => {
    const client = new IoClient(instances.here.url, token);
    clients.push(client);
    return client;
  };
  let emitting: NodeJS.Timeout;
  beforeAll(async () => {
    // Set once more, as hosts set an adapter for several servers.
    const host = hostWith(recovery, (server) => server.adapter(server.adapter() ?? fail()));
    instances = await TwoInstances.start(host);
    emitting = setInterval(() => serverOf(instances.here).emit('secret', 'x'), 10);
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    clearInterval(emitting);
    await instances.close();
  });

  const isRefusedHere = async (token: string): Promise<boolean> =>
    (await instances.here.me(token)).status === 401;

  it('a client that comes back after the logout is sent nothing, not even on the wire', async () => {
    const token = instances.token();
    const client = await clientOf(token).connect();
    await until(() => client.eventsOnWire.length > 3);
    await client.drop();
    await instances.logout(token);
    await until(() => isRefusedHere(token));
    await sleep(100);
    client.eventsOnWire.length = 0;
    expect((await client.refused()).data).toEqual(REFUSED);
    await sleep(100);
    expect(client.eventsOnWire).toEqual([]);
  });

  it('a client that comes back after its token has expired is sent nothing', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    const client = await clientOf(instances.token({ exp })).connect();
    await until(() => client.eventsOnWire.length > 3);
    await client.drop();
    setClockForward(60_000);
    client.eventsOnWire.length = 0;
    expect((await client.refused()).data).toMatchObject({ status: 403 });
    expect(client.eventsOnWire).toEqual([]);
  });

  it('a client with a live token goes on, and its connections end together at the logout', async () => {
    const token = instances.token();
    const client = await clientOf(token).connect();
    const old = await clientOf(token).connect();
    await until(() => client.eventsOnWire.length > 3);
    await client.drop();
    await sleep(100);
    client.eventsOnWire.length = 0;
    await client.connect();
    expect(client.socket.recovered ? 'on' : 'off').toBe(recovery === undefined ? 'off' : 'on');
    await until(() => client.eventsOnWire.length > 0);
    await instances.logout(token);
    await until(() => !client.socket.connected && !old.socket.connected);
    expect([client.ends.at(-1), old.ends.at(-1)]).toEqual(Array(2).fill('io server disconnect'));
    expect(instances.live.size).toBe(0);
  });
});

describe('Without an answer of the store', () => {
  class SlowStore extends FaultyStore {
    letGo: (() => void)[] = [];
    isSlow = false;

    override async isRevoked(query: RevocationQuery): Promise<boolean> {
      if (this.isSlow)
        await new Promise<void>((resolve) => {
          this.letGo.push(resolve);
        });
      return super.isRevoked(query);
    }
  }
  let store: SlowStore;
  let app: TestApp;
  beforeEach(async () => {
    store = new SlowStore();
    app = await startHost(hostWith({ maxDisconnectionDuration: 60_000 }), store);
  });
  afterEach(() => app.close());

  it('a client of socket.io is refused with 500', async () => {
    store.isBlind = true;
    const client = new IoClient(app.url, app.issuer.token());
    const { data, message } = await client.refused();
    expect(data).toMatchObject({ status: 500, success: false });
    expect(message).toBe('Error interno del servidor');
  });

  it('what a client sends at once is not handled until its token was found to be live', async () => {
    store.isSlow = true;
    const client = new IoClient(app.url, app.issuer.token());
    const connected = client.connect();
    client.socket.emit('echo', 1);
    await until(() => store.letGo.length > 0);
    await sleep(100);
    expect(told).toEqual([]);
    store.isSlow = false;
    for (const go of store.letGo) go();
    await connected;
    await until(() => told.length === 2);
    expect(told).toEqual(['connection', 'message']);
    client.close();
  });

  it('a client is not recovered', async () => {
    const client = await new IoClient(app.url, app.issuer.token()).connect();
    serverOf(app).emit('secret', 'x');
    await until(() => client.eventsOnWire.length > 0);
    await client.drop();
    serverOf(app).emit('secret', 'y');
    store.isBlind = true;
    await client.refused();
    expect(client.eventsOnWire).toHaveLength(1);
  });

  it.each([
    ['nothing', undefined],
    ['no text', { absolute: [1], cutoffs: [], expiresAtMs: Infinity }],
    ['no list', { absolute: 'a', cutoffs: [], expiresAtMs: Infinity }],
    ['no cutoff', { absolute: [], cutoffs: [{ key: 'a' }], expiresAtMs: Infinity }],
    ['no list of cutoffs', { absolute: [], cutoffs: {}, expiresAtMs: Infinity }],
    ['no expiry', { absolute: [], cutoffs: [] }],
    ['no key', { absolute: ['a'], cutoffs: [], expiresAtMs: Infinity }],
  ])('a client is not recovered by %s in place of its keys', async (_, kept) => {
    const client = await new IoClient(app.url, app.issuer.token()).connect();
    serverOf(app).emit('secret', 'x');
    await until(() => client.eventsOnWire.length > 0);
    for (const socket of serverOf(app).sockets.sockets.values())
      Reflect.set(socket.data as object, 'nestjs-logout', kept);
    await client.drop();
    serverOf(app).emit('secret', 'y');
    await client.connect();
    expect(client.socket.recovered).toBe(false);
    expect(client.eventsOnWire).toHaveLength(1);
    client.close();
  });
});

function fail(): never {
  throw new Error('The server has no adapter.');
}
