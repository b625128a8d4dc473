import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module, UseGuards, type Type } from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Args, GraphQLModule, Int, Query, Resolver, Subscription } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  CurrentToken,
  JwtAuthGuard,
  LiveAdmission,
  logoutSubscriptions,
  mercuriusLogoutSubscriptions,
  type VerifiedToken,
} from '../../../src';
import type { TestApp } from '../../support/app';
import { useClock } from '../../support/clock';
import { FaultyStore } from '../../support/faulty-store';
import { until } from '../../support/until';
import { startHost, TwoInstances, type LiveHost } from './two-instances';
import { WsClient } from './ws-clients';

const running = new Set<number>();
let started = 0;

async function* ticks(): AsyncGenerator<{ tick: number }> {
  const own = (started += 1);
  running.add(own);
  try {
    for (let tick = 0; ; tick += 1) {
      yield { tick };
      await sleep(5);
    }
  } finally {
    running.delete(own);
  }
}

@Resolver()
class Ticks {
  @Query(() => String)
  open(): string {
    return 'open';
  }

  @Subscription(() => Int, { resolve: ({ tick }: { tick: number }) => tick })
  tick(): AsyncGenerator<{ tick: number }> {
    return ticks();
  }

  @UseGuards(JwtAuthGuard)
  @Subscription(() => String, { resolve: (of: string) => of })
  async *whose(
    @CurrentToken() { claims }: VerifiedToken,
    @Args('times', { type: () => Int }) times: number,
  ): AsyncGenerator<string> {
    await Promise.resolve();
    for (let count = 0; count < times; count += 1) yield String(claims.sub);
  }
}

const moduleWith = (graphql: unknown): Type => {
  @Module({ imports: [graphql as Type], providers: [Ticks] })
  class Graphql {}
  return Graphql;
};

const apollo = (): LiveHost => ({
  platform: 'express',
  imports: [
    moduleWith(
      GraphQLModule.forRootAsync<ApolloDriverConfig>({
        driver: ApolloDriver,
        inject: [LiveAdmission],
        useFactory: (admission: LiveAdmission) => ({
          autoSchemaFile: true,
          subscriptions: { 'graphql-ws': logoutSubscriptions(admission) },
        }),
      }),
    ),
  ],
});

const mercurius = (): LiveHost => ({
  platform: 'fastify',
  imports: [
    moduleWith(
      GraphQLModule.forRootAsync<MercuriusDriverConfig>({
        driver: MercuriusDriver,
        inject: [LiveAdmission],
        useFactory: (admission: LiveAdmission) => ({
          autoSchemaFile: true,
          cache: false, // Jest cannot load what it would need
          subscription: mercuriusLogoutSubscriptions(admission),
        }),
      }),
    ),
  ],
});

const urlOf = (app: TestApp): string => `${app.url.replace('http', 'ws')}/graphql`;

/** A client of graphql-ws as pages have it, which tries again by itself where that may help. */
class Subscriber {
  readonly closes: number[] = [];
  readonly values: unknown[] = [];
  tries = 0;
  error: unknown;
  private readonly client: Client;

  constructor(app: TestApp, connectionParams: Record<string, unknown> | undefined) {
    const attempted = (): void => {
      this.tries += 1;
    };
    class Counted extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        attempted();
      }
    }
    this.client = createClient({
      url: urlOf(app),
      webSocketImpl: Counted,
      ...(connectionParams !== undefined && { connectionParams }),
      retryAttempts: 3,
      retryWait: () => sleep(10),
      on: {
        closed: (event) => this.closes.push((event as { code: number }).code),
      },
    });
  }

  subscribe(query = 'subscription { tick }'): this {
    this.client.subscribe(
      { query },
      {
        next: ({ data, errors }) => this.values.push(errors ?? Object.values(data ?? {})[0]),
        error: (error) => {
          this.error = error;
        },
        complete: () => undefined,
      },
    );
    return this;
  }

  async close(): Promise<void> {
    await this.client.dispose();
  }
}

const setClockForward = useClock();

describe.each([
  ['Apollo', apollo],
  ['Mercurius', mercurius],
])('A subscription of graphql-ws, on %s', (name, hostOf) => {
  let instances: TwoInstances;
  const subscribers: Subscriber[] = [];
  const subscriberOf = (params?: Record<string, unknown>): Subscriber => {
    const subscriber = new Subscriber(instances.here, params);
    subscribers.push(subscriber);
    return subscriber;
  };
  beforeAll(async () => {
    instances = await TwoInstances.start(hostOf());
  });
  afterEach(async () => {
    await Promise.all(subscribers.splice(0).map((subscriber) => subscriber.close()));
    await until(() => instances.live.size === 0 && running.size === 0);
  });
  afterAll(() => instances.close());

  it('ends with 4401 when the user logs out at another instance, and is not tried again', async () => {
    const [token, other] = [instances.token(), instances.token()];
    const ended = subscriberOf({ authorization: `Bearer ${token}` }).subscribe();
    const kept = subscriberOf({ authorization: other }).subscribe();
    await until(() => ended.values.length > 2 && kept.values.length > 2);
    await instances.logout(token);
    await until(() => ended.error);
    expect(ended.closes).toEqual([4401]);
    expect(ended.tries).toBe(1);
    const before = kept.values.length;
    await until(() => kept.values.length > before);
    expect(kept.closes).toEqual([]);
  });

  it.each([
    ['authorization', (token: string) => ({ authorization: `Bearer ${token}` })],
    ['Authorization', (token: string) => ({ Authorization: token })],
    ['headers', (token: string) => ({ headers: { authorization: `Bearer ${token}` } })],
  ])('is let in by %s, and the guard knows whose it is', async (_, paramsOf) => {
    const subscriber = subscriberOf(paramsOf(instances.token()));
    subscriber.subscribe('subscription { whose(times: 2) }');
    await until(() => subscriber.values.length === 2);
    expect(subscriber.values).toEqual(['ada', 'ada']);
  });

  it.each([
    ['without a token', () => undefined],
    ['with something else', () => ({ authorization: 7 })],
    ['with a bad token', () => ({ authorization: 'Bearer a.b.c' })],
    ['with an expired token', () => ({ authorization: instances.here.issuer.expired() })],
  ])('is refused with 4401 %s, in one try', async (_, params) => {
    const subscriber = subscriberOf(params()).subscribe();
    await until(() => subscriber.error);
    expect(subscriber.closes).toEqual([4401]);
    await sleep(100);
    expect(subscriber.tries).toBe(1);
    expect(subscriber.values).toEqual([]);
  });

  it('ends when its token expires', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    const subscriber = subscriberOf({ authorization: instances.token({ exp }) }).subscribe();
    await until(() => subscriber.values.length > 0);
    setClockForward(60_000);
    await until(() => subscriber.error);
    expect(subscriber.closes).toEqual([4401]);
  });

  it('is let in by the header of the upgrade request', async () => {
    const token = instances.token();
    const headers = { authorization: `Bearer ${token}` };
    const client = new WsClient(
      new WebSocket(urlOf(instances.here), 'graphql-transport-ws', { headers }),
    );
    await client.opened();
    client.socket.send('{"type":"connection_init"}');
    await until(() => client.messages.length > 0);
    expect(client.messages).toMatchObject([{ type: 'connection_ack' }]);
    await instances.logout(token);
    expect((await client.closed).code).toBe(4401);
  });

  it('is cut off where it never says who it is, whatever it sends', async () => {
    const client = new WsClient(new WebSocket(urlOf(instances.here), 'graphql-transport-ws'));
    await client.opened();
    const pinging = setInterval(() => {
      client.socket.ping();
      client.socket.send('{"type":"ping"}');
    }, 100);
    const { code } = await client.closed;
    clearInterval(pinging);
    expect(code).toBe(name === 'Apollo' ? 4408 : 1006);
  });

  it('leaves nothing where the client has gone before its check ended', async () => {
    const app = await startHost(hostOf(), new SlowStore());
    const client = new WsClient(new WebSocket(urlOf(app), 'graphql-transport-ws'));
    await client.opened();
    client.socket.send(
      `{"type":"connection_init","payload":{"authorization":"${app.issuer.token()}"}}`,
    );
    await until(() => asked.length > 0);
    client.socket.terminate();
    await client.closed;
    await sleep(100);
    for (const go of asked.splice(0)) go();
    await sleep(100);
    await app.close();
  });

  it('is tried again where nothing can tell', async () => {
    const store = new FaultyStore();
    store.isBlind = true;
    const app = await startHost(hostOf(), store);
    const subscriber = new Subscriber(app, { authorization: app.issuer.token() }).subscribe();
    await until(() => subscriber.closes.length > 1);
    store.isBlind = false;
    await until(() => subscriber.values.length > 1);
    expect(new Set(subscriber.closes)).toEqual(new Set([1013]));
    await subscriber.close();
    await app.close();
  });
});

describe('On Mercurius', () => {
  it('an operation with an extension goes on as the one who was let in', async () => {
    const instances = await TwoInstances.start(mercurius());
    try {
      const token = instances.token();
      const url = urlOf(instances.here);
      const client = new WsClient(new WebSocket(url, 'graphql-transport-ws'));
      await client.opened();
      const send = (message: object): void => {
        client.socket.send(JSON.stringify(message));
      };
      send({ type: 'connection_init', payload: { authorization: token } });
      await until(() => client.messages.length > 0);
      const other = instances.token({ sub: 'eve' });
      send({
        id: '1',
        type: 'subscribe',
        payload: { query: 'subscription { whose(times: 1) }' },
        extensions: [{ type: 'connectionInit', payload: { authorization: other } }],
      });
      await until(() => client.messages.length > 1);
      expect(client.messages[1]).toMatchObject({ payload: { data: { whose: 'ada' } } });
      await instances.logout(token);
      expect((await client.closed).code).toBe(4401);
    } finally {
      await instances.close();
    }
  });

  it('other WebSockets of the application have no deadline', () => {
    const subscription = mercuriusLogoutSubscriptions({} as LiveAdmission);
    const verdicts: boolean[] = [];
    const socket = Object.assign(new EventEmitter(), { destroy: () => undefined });
    for (const protocol of [undefined, 'chat']) {
      const headers = { 'sec-websocket-protocol': protocol };
      subscription.verifyClient({ req: { headers, socket } }, (isAccepted) =>
        verdicts.push(isAccepted),
      );
    }
    expect([verdicts, socket.eventNames()]).toEqual([[true, true], []]);
  });
});

const asked: (() => void)[] = [];

class SlowStore extends FaultyStore {
  override async isRevoked(): Promise<boolean> {
    await new Promise<void>((resolve) => {
      asked.push(resolve);
    });
    return false;
  }
}
