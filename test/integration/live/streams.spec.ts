import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import {
  Controller,
  Get,
  Module,
  Req,
  Res,
  Sse,
  StreamableFile,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type MessageEvent,
} from '@nestjs/common';
import { interval, map, Observable, throwError } from 'rxjs';
import { EndsWithToken, JwtAuthGuard } from '../../../src';
import { useClock } from '../../support/clock';
import { until } from '../../support/until';
import { TwoInstances } from './two-instances';

/** What the handlers of this process are doing. */
const running = new Set<string>();
const responses: ServerResponse[] = [];
let pending: { resolve: (events: Observable<MessageEvent>) => void; reject: (why: Error) => void };
let isAsked = false;

const ticks = (name: string): Observable<MessageEvent> =>
  new Observable((subscriber) => {
    running.add(name);
    const source = interval(5).pipe(map((count) => ({ data: { count } })));
    const subscription = source.subscribe(subscriber);
    return () => {
      subscription.unsubscribe();
      running.delete(name);
    };
  });

function endless(name: string): Readable {
  running.add(name);
  const stream = new Readable({
    read() {
      setTimeout(() => this.push('x\n'), 5);
    },
  });
  return stream.once('close', () => running.delete(name));
}

type AnyResponse = ServerResponse & { raw?: ServerResponse; hijack?: () => void };

@Controller('streams')
@UseGuards(JwtAuthGuard)
@EndsWithToken()
class Streams {
  @Sse('events')
  events(@Res({ passthrough: true }) response: AnyResponse): Observable<MessageEvent> {
    responses.push(response.raw ?? response);
    return ticks('events');
  }

  @Sse('promised')
  promised(): Promise<Observable<MessageEvent>> {
    isAsked = true;
    return new Promise((resolve, reject) => {
      pending = { resolve, reject };
    });
  }

  @Sse('large')
  large(@Res({ passthrough: true }) response: AnyResponse): Observable<MessageEvent> {
    responses.push(response.raw ?? response);
    return ticks('large').pipe(map(() => ({ data: 'x'.repeat(100_000) })));
  }

  @Sse('failing')
  failing(): Observable<MessageEvent> {
    return throwError(() => new Error('of the host'));
  }

  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(endless('file'));
  }

  @Get('raw')
  raw(@Res() response: AnyResponse): void {
    response.hijack?.();
    const raw = response.raw ?? response;
    raw.writeHead(200, { 'Content-Type': 'text/plain' });
    endless('raw').pipe(raw);
    raw.once('close', () => running.delete('raw'));
  }

  @Get('short')
  short(): string {
    return 'short';
  }
}

class LetsAllIn implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

/** A guard that takes its time: clients may have gone when it is done. */
let guarded: { readonly response: AnyResponse; readonly letGo: () => void } | undefined;

class SlowGuard implements CanActivate {
  canActivate(context: ExecutionContext): Promise<boolean> {
    const response = context.switchToHttp().getResponse<AnyResponse>();
    return new Promise((resolve) => {
      const letGo = (): void => {
        resolve(true);
      };
      guarded = { response: response.raw ?? response, letGo };
    });
  }
}

@Controller('slow')
@UseGuards(SlowGuard)
@EndsWithToken()
class SlowlyGuarded {
  @Sse('events')
  events(): Observable<MessageEvent> {
    return ticks('slow');
  }

  @Get('body')
  body(): string {
    isAsked = true;
    return 'late';
  }
}

/** Behind a guard of the host's own, which tells us nothing. */
@Controller('own')
@UseGuards(LetsAllIn)
class OwnGuard {
  @Sse('events')
  @EndsWithToken()
  events(@Req() { user }: { user: { sub: string } }): Observable<MessageEvent> {
    running.add(user.sub);
    return ticks('own');
  }
}

@Module({ controllers: [Streams, OwnGuard, SlowlyGuarded] })
class Host {}

/** A client that reads an answer as it comes. */
class Client {
  text = '';
  end: 'complete' | 'cut off' | undefined;
  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => (this.text += text));
    response.once('error', () => (this.end = 'cut off'));
    response.once('end', () => (this.end = 'complete'));
  }

  static async get(url: string, token?: string): Promise<Client> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return new Client(
      await new Promise((resolve, reject) => {
        get(url, { headers, agent: false }, resolve).on('error', reject);
      }),
    );
  }

  get status(): number | undefined {
    return this.response.statusCode;
  }

  pause(): void {
    this.response.pause();
  }

  leave(): void {
    this.response.destroy();
  }

  ended(): Promise<'complete' | 'cut off'> {
    return until(() => this.end);
  }
}

const setClockForward = useClock();

describe.each(['express', 'fastify'] as const)('@EndsWithToken, on %s', (platform) => {
  let instances: TwoInstances;
  beforeAll(async () => {
    instances = await TwoInstances.start({ platform, imports: [Host] });
  });
  beforeEach(() => {
    running.clear();
    responses.length = 0;
    isAsked = false;
    guarded = undefined;
  });
  afterEach(async () => {
    await until(() => instances.live.size === 0);
  });
  afterAll(() => instances.close());

  const open = (path: string, token?: string): Promise<Client> =>
    Client.get(`${instances.here.url}/${path}`, token);

  it('completes server-sent events when the user logs out at another instance', async () => {
    const [token, other] = [instances.token(), instances.token()];
    const [client, kept] = [
      await open('streams/events', token),
      await open('streams/events', other),
    ];
    await until(() => client.text.includes('data:') && kept.text.includes('data:'));
    await instances.logout(token);
    expect(await client.ended()).toBe('complete');
    expect(client.text).not.toContain('event: error');
    expect(kept.end).toBeUndefined();
    kept.leave();
    await until(() => running.size === 0);
  });

  it.each(['streams/file', 'streams/raw'])('cuts off %s', async (path) => {
    const token = instances.token();
    const client = await open(path, token);
    await until(() => client.text.length > 4);
    await instances.logout(token);
    expect(await client.ended()).toBe('cut off');
    await until(() => running.size === 0);
  });

  it('completes events whose token expires', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    const client = await open('streams/events', instances.token({ exp }));
    await until(() => client.text.includes('data:'));
    setClockForward(60_000);
    expect(await client.ended()).toBe('complete');
  });

  it('completes where the user logs out while the events are promised', async () => {
    const token = instances.token();
    const opening = open('streams/promised', token);
    await until(() => isAsked);
    await instances.logout(token);
    await until(() => instances.live.size === 0);
    pending.resolve(ticks('promised'));
    const client = await opening;
    expect(await client.ended()).toBe('complete');
    expect(client.text).not.toContain('data:');
    expect(running.size).toBe(0);
  });

  it.each([
    [
      'resolved',
      () => {
        pending.resolve(ticks('promised'));
      },
    ],
    [
      'rejected',
      () => {
        pending.reject(new Error('of the host'));
      },
    ],
  ])('leaves nothing where the client has gone before the promise is %s', async (_, settle) => {
    const request = get(`${instances.here.url}/streams/promised`, {
      headers: { authorization: `Bearer ${instances.token()}` },
      agent: false,
    });
    request.on('error', () => undefined);
    await until(() => isAsked);
    request.destroy();
    await until(() => instances.live.size === 0);
    settle();
    await until(() => running.size === 0);
  });

  it.each(['events', 'body'])(
    'leaves nothing where the client has gone before %s',
    async (path) => {
      const request = get(`${instances.here.url}/slow/${path}`, {
        headers: { authorization: `Bearer ${instances.token()}` },
        agent: false,
      });
      request.on('error', () => undefined);
      const { response, letGo } = await until(() => guarded);
      request.destroy();
      await until(() => response.destroyed);
      letGo();
      if (path === 'body') await until(() => isAsked);
      await until(() => instances.live.size === 0);
      expect(running.size).toBe(0);
    },
  );

  it('leaves no listener and no subscription, a thousand times', async () => {
    const token = instances.token();
    for (let count = 0; count < 20; count += 1) {
      const clients = await Promise.all(
        Array.from({ length: 50 }, () => open('streams/events', token)),
      );
      await until(() => clients.every(({ text }) => text.includes('data:')));
      for (const client of clients) client.leave();
    }
    await until(() => instances.live.size === 0);
    expect(responses).toHaveLength(1000);
    const left = responses.flatMap((response) => response.listeners('close')).map(String);
    expect(left.filter((listener) => listener.includes('subscriber.complete'))).toEqual([]);
  });

  it('cuts off a client that does not read', async () => {
    const token = instances.token();
    const client = await open('streams/large', token);
    client.pause();
    await until(() => responses[0]?.writableNeedDrain);
    await instances.logout(token);
    await until(() => responses[0]?.destroyed);
  });

  it('lets errors of the host through, and short answers', async () => {
    const token = instances.token();
    const failing = await open('streams/failing', token);
    await failing.ended();
    const short = await open('streams/short', token);
    expect([await short.ended(), short.text]).toEqual(['complete', 'short']);
  });

  it('refuses without a live token, behind a guard of the host, too', async () => {
    const revoked = instances.token();
    await instances.here.logout(revoked).expect(200);
    for (const path of ['streams/events', 'own/events'])
      for (const token of [undefined, 'a.b.c', revoked]) {
        const client = await open(path, token);
        await client.ended();
        expect([client.status, client.text]).toEqual([
          401,
          '{"success":false,"message":"Token no proporcionado o inválido"}',
        ]);
      }
    expect(running.size).toBe(0);
  });

  it('ends events behind a guard of the host', async () => {
    const token = instances.token();
    const client = await open('own/events', token);
    await until(() => client.text.includes('data:'));
    expect([...running].sort()).toEqual(['ada', 'own']);
    await instances.logout(token);
    expect(await client.ended()).toBe('complete');
    expect(running.has('own')).toBe(false);
  });
});
