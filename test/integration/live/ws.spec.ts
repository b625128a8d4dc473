import { connect, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module, UseGuards } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  type OnGatewayConnection,
} from '@nestjs/websockets';
import { NestFactory } from '@nestjs/core';
import { WebSocket } from 'ws';
import { CurrentToken, JwtAuthGuard, RevokedTokensService, type VerifiedToken } from '../../../src';
import { LiveWsAdapter } from '../../../src/nest/ws';
import type { RevocationQuery } from '../../../src/tokens/scopes';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import type { TestApp } from '../../support/app';
import { useClock } from '../../support/clock';
import { FaultyStore } from '../../support/faulty-store';
import { until } from '../../support/until';
import { liveOf, startHost, TwoInstances, type LiveHost } from './two-instances';
import { WsClient } from './ws-clients';

/** What the gateways of this process were told. */
let told: string[] = [];

@WebSocketGateway({ path: '/live' })
class Gateway implements OnGatewayConnection {
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

/** Shares its server with the other. */
@WebSocketGateway({ path: '/live' })
class SecondGateway {
  @SubscribeMessage('second')
  second() {
    return { event: 'second', data: true };
  }
}

@Module({ providers: [Gateway, SecondGateway] })
class Gateways {}

@Module({})
class Empty {}

const HOST: LiveHost = {
  imports: [Gateways],
  configure: (app) => {
    app.useWebSocketAdapter(new LiveWsAdapter(app));
  },
};

const UNAUTHORIZED = { code: 4401, reason: 'Unauthorized' };
const TRY_AGAIN = { code: 1013, reason: 'Try again later' };

const urlOf = (app: TestApp): string => `${app.url.replace('http', 'ws')}/live`;

/** A look-up takes until it is let go, or fails. */
class SlowStore extends FaultyStore {
  private waiting: (() => void)[] = [];
  isSlow = true;

  override async isRevoked(query: RevocationQuery): Promise<boolean> {
    if (this.isSlow)
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    return super.isRevoked(query);
  }

  get asked(): number {
    return this.waiting.length;
  }

  letGo(): void {
    this.isSlow = false;
    for (const go of this.waiting.splice(0)) go();
  }
}

const setClockForward = useClock();

beforeEach(() => {
  told = [];
});

describe.each(['express', 'fastify'] as const)('A client of ws, on %s', (platform) => {
  let instances: TwoInstances;
  beforeAll(async () => {
    const options = { tokenSources: [{ cookie: 'token' }] };
    instances = await TwoInstances.start({ ...HOST, platform, options });
  });
  afterAll(() => instances.close());

  it.each(['withHeader', 'withProtocol'] as const)(
    'is closed with 4401 when its user logs out at another instance (%s)',
    async (how) => {
      const [token, other] = [instances.token(), instances.token()];
      const url = urlOf(instances.here);
      const [client, kept] = [WsClient[how](url, token), WsClient[how](url, other)];
      await client.opened();
      await kept.opened();
      expect(await client.ask('echo', 1)).toEqual({ event: 'echo', data: [1, 'ada'] });
      await instances.logout(token);
      expect(await client.closed).toEqual(UNAUTHORIZED);
      expect(await kept.ask('guarded')).toEqual({ event: 'guarded', data: 'ada' });
      kept.socket.close();
    },
  );

  it('is told the subprotocol, never the token', async () => {
    const client = await WsClient.withProtocol(urlOf(instances.here), instances.token()).opened();
    expect(client.socket.protocol).toBe('bearer');
    client.socket.close();
  });

  it('may put blanks behind the comma of its subprotocols, or none', async () => {
    for (const comma of [',', ', ', ' , ']) {
      const offered = `bearer${comma}${instances.token()}`;
      const answer = await upgradeByHand(instances.here, { 'Sec-WebSocket-Protocol': offered });
      expect(answer).toContain('101');
      expect(answer).not.toContain('4401');
    }
    await until(() => instances.live.size === 0);
  });

  it.each([
    ['without a token', () => []],
    ['with the token alone', () => [instances.token()]],
    ['with a bad token', () => ['bearer', 'a.b.c']],
    ['with an expired token', () => ['bearer', instances.here.issuer.expired()]],
  ])('is refused %s, and no gateway hears of it', async (_, protocols) => {
    const client = new WsClient(new WebSocket(urlOf(instances.here), protocols()));
    client.socket.once('open', () => {
      client.send('echo');
    });
    expect(await client.closed).toEqual(UNAUTHORIZED);
    expect(told).toEqual([]);
  });

  it('is refused with a token in the query', async () => {
    const url = `${urlOf(instances.here)}?token=${instances.token()}&access_token=${instances.token()}`;
    expect(await new WsClient(new WebSocket(url)).closed).toEqual(UNAUTHORIZED);
  });

  it('is let in by its cookie from a page of the host, and from no other', async () => {
    const headers = { cookie: `token=${instances.token()}` };
    const url = urlOf(instances.here);
    const own = new WsClient(new WebSocket(url, { headers, origin: instances.here.url }));
    await own.opened();
    expect(await own.ask('guarded')).toEqual({ event: 'guarded', data: 'ada' });
    own.socket.close();
    const other = new WsClient(new WebSocket(url, { headers, origin: 'https://evil.example' }));
    expect(await other.closed).toEqual(UNAUTHORIZED);
  });

  it('is refused with a token that was revoked', async () => {
    const token = instances.token();
    await instances.here.logout(token).expect(200);
    expect(await WsClient.withHeader(urlOf(instances.here), token).closed).toEqual(UNAUTHORIZED);
  });

  it('is served by every gateway of its path, and closed once', async () => {
    const token = instances.token();
    const client = await WsClient.withHeader(urlOf(instances.here), token).opened();
    expect(await client.ask('second')).toEqual({ event: 'second', data: true });
    expect(await client.ask('echo', 2)).toEqual({ event: 'echo', data: [2, 'ada'] });
    expect(instances.live.size).toBe(1);
    await instances.logout(token);
    expect(await client.closed).toEqual(UNAUTHORIZED);
  });

  it('leaves nothing behind, a thousand times', async () => {
    const token = instances.token();
    for (let count = 0; count < 10; count += 1) {
      const clients = Array.from({ length: 100 }, () =>
        WsClient.withHeader(urlOf(instances.here), token),
      );
      await Promise.all(clients.map((client) => client.opened()));
      for (const { socket } of clients) socket.close();
      await Promise.all(clients.map(({ closed }) => closed));
    }
    await until(() => instances.live.size === 0);
    const lookedAt = instances.live.lookedAt;
    await instances.logout(token);
    expect(instances.live.lookedAt).toBe(lookedAt);
  });

  it('is closed when its token expires', async () => {
    const token = instances.token({ exp: Math.floor(Date.now() / 1000) + 60 });
    const client = await WsClient.withHeader(urlOf(instances.here), token).opened();
    expect(await client.ask('guarded')).toEqual({ event: 'guarded', data: 'ada' });
    setClockForward(60_000);
    expect(await client.closed).toEqual(UNAUTHORIZED);
  });

  it('is cut off a second later if it does not close', async () => {
    const token = instances.token();
    const socket = rawSocket(instances.here);
    const authorization = `Bearer ${token}`;
    socket.write(upgradeText(instances.here, { authorization }));
    await until(() => instances.live.size === 1);
    await instances.logout(token);
    const loggedOutMs = performance.now();
    await new Promise((resolve) => socket.once('close', resolve));
    // `ws` itself would wait for 30 s.
    expect(performance.now() - loggedOutMs).toBeLessThan(25_000);
  });
});

describe('While the check of a client of ws is pending', () => {
  let store: SlowStore;
  let app: TestApp;
  beforeEach(async () => {
    store = new SlowStore();
    app = await startHost(HOST, store);
  });
  afterEach(() => app.close());

  it('what it sends is not handled; it is, once the token was found to be live', async () => {
    const client = WsClient.withHeader(urlOf(app), app.issuer.token());
    await client.opened();
    client.send('echo', 1);
    await until(() => store.asked > 0);
    await sleep(100);
    expect(told).toEqual([]);
    store.letGo();
    await until(() => client.messages.length > 0);
    expect(told).toEqual(['connection', 'message']);
    client.socket.close();
  });

  it('what it has sent is never handled where the token is revoked', async () => {
    const token = app.issuer.token();
    const client = WsClient.withHeader(urlOf(app), token);
    await client.opened();
    client.send('echo', 1);
    await until(() => store.asked > 0);
    await store.add(await revocationOf(app, token), {
      event: 'authn_token_revoked',
      outcome: 'success',
    });
    store.letGo();
    expect(await client.closed).toEqual(UNAUTHORIZED);
    expect(told).toEqual([]);
  });

  it('it is refused with 1013 where nothing can tell', async () => {
    store.isBlind = true;
    const client = WsClient.withHeader(urlOf(app), app.issuer.token());
    await until(() => store.asked > 0);
    store.letGo();
    expect(await client.closed).toEqual(TRY_AGAIN);
    expect(told).toEqual([]);
  });

  it('it may go away', async () => {
    const client = await WsClient.withHeader(urlOf(app), app.issuer.token()).opened();
    await until(() => store.asked > 0);
    client.socket.terminate();
    await client.closed;
    store.letGo();
    await until(() => liveOf(app).size === 0);
  });
});

describe('A token that ends during the handshake of a client of ws', () => {
  it.each([
    ['by a logout', (app: TestApp, token: string) => app.logout(token).expect(200)],
    [
      'by its expiry',
      () => {
        setClockForward(60_000);
      },
    ],
  ])('%s closes it', async (_, end) => {
    let letGo: () => void = () => undefined;
    let isAsked = false;
    const validate = (claims: object, request: { url?: string }): unknown => {
      if (request.url !== '/live') return claims;
      isAsked = true;
      return new Promise((resolve) => {
        letGo = () => {
          resolve(claims);
        };
      });
    };
    const options = { validate };
    const app = await startHost({ ...HOST, options }, new MemoryRevocationStore());
    try {
      const token = app.issuer.token({ exp: Math.floor(Date.now() / 1000) + 60 });
      const client = WsClient.withHeader(urlOf(app), token);
      await until(() => isAsked);
      await end(app, token);
      letGo();
      expect(await client.closed).toEqual(UNAUTHORIZED);
    } finally {
      await app.close();
    }
  });
});

describe('LiveWsAdapter', () => {
  it('stops the boot of an application without the module', async () => {
    const app = await NestFactory.create(Empty, { logger: false, abortOnError: false });
    expect(() => new LiveWsAdapter(app)).toThrow(/LiveAdmission/);
    await app.close();
  });
});

async function revocationOf(app: TestApp, token: string) {
  const verification = await app.nest.get(RevokedTokensService, { strict: false }).verify(token);
  if (!('token' in verification)) throw new Error(verification.cause);
  return {
    key: verification.token.revocationKey,
    scope: 'token',
    issuedBefore: 'infinity',
    expiresAt: new Date(Date.now() + 3_600_000),
  } as const;
}

const portOf = (app: TestApp): number =>
  ((app.nest.getHttpServer() as Server).address() as AddressInfo).port;

const rawSocket = (app: TestApp) => connect(portOf(app), '127.0.0.1').resume();

function upgradeText(app: TestApp, headers: Record<string, string>): string {
  const all = {
    Host: `127.0.0.1:${portOf(app)}`,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return ['GET /live HTTP/1.1', ...lines, '', ''].join('\r\n');
}

/** @returns what has come after half a second. */
async function upgradeByHand(app: TestApp, headers: Record<string, string>): Promise<string> {
  const socket = rawSocket(app);
  let received = '';
  socket.on('data', (data) => (received += data.toString('latin1')));
  socket.write(upgradeText(app, headers));
  await until(() => received.includes('\r\n\r\n'));
  await sleep(100);
  socket.destroy();
  return received;
}
