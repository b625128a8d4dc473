import { EventEmitter } from 'node:events';
import { HttpException, Logger, type LoggerService } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { EventPattern, RpcException } from '@nestjs/microservices';
import { WsException } from '@nestjs/websockets';
import { lastValueFrom, type Observable } from 'rxjs';
import { AuditLog } from '../../../src/audit/audit-log';
import { carrierOf } from '../../../src/nest/contexts/requests';
import { JwtAuthGuard } from '../../../src/nest/jwt-auth.guard';
import { LogoutExceptionFilter } from '../../../src/nest/logout-exception.filter';
import { LogoutThrottlerGuard } from '../../../src/nest/logout-throttler.guard';
import { PublicRoutes } from '../../../src/nest/public-routes';
import { RevokedTokensService } from '../../../src/revocation/revoked-tokens.service';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { RefusalCounts } from '../../../src/metrics/refusal-counts';
import { LogoutAnswers, MESSAGES } from '../../../src/web/answers';
import type { PlatformRequest } from '../../../src/web/request';
import { MemoryRequestCounter } from '../../../src/web/request-counter.memory';
import { Throttle } from '../../../src/web/throttle';
import {
  RequestAuthenticator,
  verifiedTokenOf,
  type ValidateHook,
} from '../../../src/web/request-authenticator';
import { ObservedTrail } from '../../support/stores';
import { TestIssuer } from '../../support/tokens';

class Handlers {
  me(): void {
    // What matters is the context.
  }

  @EventPattern('happened')
  happened(data: object): object {
    return data;
  }
}

const issuer = new TestIssuer();
const REFUSED = { success: false, message: MESSAGES.es.tokenInvalid };
const UNKNOWN = { success: false, message: MESSAGES.es.internalError };

/** A request as the type describes it, and no more. */
const requestOf = (authorization?: unknown): PlatformRequest => ({
  method: 'GET',
  url: '/',
  headers: authorization === undefined ? {} : { authorization: authorization as string },
});
const bearer = (): PlatformRequest => requestOf(`Bearer ${issuer.token({ sub: 'grace' })}`);

const contextOf = (type: string, ...args: unknown[]): ExecutionContextHost => {
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const context = new ExecutionContextHost(args, Handlers, Handlers.prototype.me);
  context.setType(type);
  return context;
};
const graphql = (operation: unknown) => contextOf('graphql', {}, {}, operation, {});
const socketIo = (request: PlatformRequest, auth: object = {}) => ({
  request,
  handshake: { auth },
});
const subjectOf = (context: ExecutionContextHost): unknown =>
  verifiedTokenOf(carrierOf(context))?.claims.sub;

describe('LogoutExceptionFilter outside HTTP', () => {
  const filter = new LogoutExceptionFilter(
    new LogoutAnswers(MESSAGES.es, 403),
    new HttpAdapterHost(),
  );
  const thrown = new HttpException('locked', 423);

  it('hands on what was thrown: GraphQL tells it as an entry of errors', () => {
    expect(filter.catch(thrown, graphql({ req: bearer() }))).toBe(thrown);
  });

  it('hands it on in a microservice', async () => {
    const result = filter.catch(thrown, contextOf('rpc', {}, {})) as Observable<unknown>;
    await expect(lastValueFrom(result)).rejects.toBe(thrown);
  });
});

describe('LogoutThrottlerGuard outside HTTP', () => {
  const answers = new LogoutAnswers(MESSAGES.es, 403);
  const guard = (): LogoutThrottlerGuard => {
    const verifier = new TokenVerifier({
      algorithms: ['HS256'],
      keys: issuer.key,
      issuer: null,
      audience: null,
    });
    const audit = new AuditLog(new ObservedTrail(), () => undefined);
    const tokens = new RevokedTokensService(verifier, new MemoryRevocationStore(), audit);
    const rules = { limit: 1, windowMs: 60_000 };
    const throttle = new Throttle(new MemoryRequestCounter(), rules, audit, () => undefined);
    const authenticator = new RequestAuthenticator(tokens, undefined);
    return new LogoutThrottlerGuard(authenticator, throttle, answers, new HttpAdapterHost());
  };

  it('counts an operation of GraphQL, and refuses one too many with the documented body', async () => {
    const throttler = guard();
    expect(await throttler.canActivate(graphql({ req: requestOf() }))).toBe(true);
    const refused = throttler.canActivate(graphql({ req: requestOf() }));
    await expect(refused).rejects.toMatchObject({
      message: MESSAGES.es.tooManyRequests,
      extensions: { code: 'TOO_MANY_REQUESTS' },
    });
  });

  it('lets messages of microservices pass, which no address can be told of', async () => {
    const throttler = guard();
    for (let time = 0; time < 3; time += 1)
      expect(await throttler.canActivate(contextOf('rpc', {}, {}))).toBe(true);
  });
});

describe('JwtAuthGuard outside HTTP', () => {
  let audit: AuditLog;
  let store: MemoryRevocationStore;
  let tokens: RevokedTokensService;
  let errors: unknown[];
  let warnings: string[];

  beforeEach(() => {
    [errors, warnings] = [[], []];
    const heard: LoggerService = {
      log: () => undefined,
      error: (error: unknown) => errors.push(error),
      warn: (line: string) => warnings.push(line),
    };
    Logger.overrideLogger(heard);
    audit = new AuditLog(new ObservedTrail(), () => undefined);
    store = new MemoryRevocationStore();
    const verifier = new TokenVerifier({
      algorithms: ['HS256'],
      keys: issuer.key,
      issuer: null,
      audience: null,
    });
    tokens = new RevokedTokensService(verifier, store, audit);
  });
  afterEach(async () => {
    Logger.overrideLogger(false);
    await audit.close();
  });

  const heard = (error: unknown): void => {
    errors.push(error);
  };
  const guardOf = (validate?: ValidateHook, Guard = JwtAuthGuard): JwtAuthGuard =>
    new Guard(
      new RequestAuthenticator(tokens, validate),
      new LogoutAnswers(MESSAGES.es, 403, new RefusalCounts(undefined, heard)),
      new PublicRoutes(new Reflector(), []),
      new HttpAdapterHost(),
    );
  const admits = async (context: ExecutionContextHost, guard = guardOf()): Promise<unknown> => {
    try {
      return await guard.canActivate(context);
    } catch (error) {
      return error;
    }
  };

  it.each<[string, (request: PlatformRequest) => object]>([
    ['req', (req) => ({ req })],
    ['request', (request) => ({ request })],
    ['reply.request', (request) => ({ reply: { request } })],
    ['extra.request', (request) => ({ extra: { request } })],
    ['the context of graphql-ws as req', (request) => ({ req: { extra: { request } } })],
  ])('finds the request of GraphQL at %s', async (_, place) => {
    const request = bearer();
    const context = graphql(place(request));
    expect(await admits(context)).toBe(true);
    expect([subjectOf(context), request.user]).toEqual([
      'grace',
      expect.objectContaining({ sub: 'grace' }),
    ]);
    expect(await admits(graphql(place(requestOf())))).toBeInstanceOf(HttpException);
  });

  it('finds the request of a reference of a federation, which has no arguments', async () => {
    const context = contextOf('graphql', {}, { req: bearer() }, {});
    expect([await admits(context), subjectOf(context)]).toEqual([true, 'grace']);
  });

  it('takes nobody for the one whose request stands in a context that all requests share', async () => {
    const shared = { req: bearer() };
    const [first, second] = [requestOf(), bearer()];
    expect(await admits(graphql({ ...shared, reply: { request: first } }))).not.toBe(true);
    const mercurius = { ...shared, reply: { request: second } };
    expect(await admits(graphql(mercurius))).toBe(true);
    mercurius.reply = { request: bearer() };
    expect(await admits(graphql(mercurius))).not.toBe(true);
    const answered = { ...bearer(), res: { writableEnded: true } };
    expect(await admits(graphql({ req: answered }))).not.toBe(true);
  });

  it('tells GraphQL the body, with a code, and writes no refusal to the error log', async () => {
    expect(await admits(graphql({ req: requestOf() }))).toMatchObject({
      message: REFUSED.message,
      extensions: { code: 'UNAUTHENTICATED', originalError: REFUSED },
    });
    expect(errors).toEqual([]);
    await store.close();
    expect(await admits(graphql({ req: bearer() }))).toMatchObject({
      extensions: { code: 'INTERNAL_SERVER_ERROR', originalError: UNKNOWN },
    });
    expect(errors).toHaveLength(1);
  });

  it.each([
    ['in auth', (text: string) => socketIo(requestOf(), { token: text })],
    [
      'in auth with its scheme',
      (text: string) => socketIo(requestOf(), { token: `Bearer ${text}` }),
    ],
    ['in the header', (text: string) => socketIo(requestOf(`Bearer ${text}`))],
    [
      'in the header, beside an auth that is no text',
      (text: string) => socketIo(requestOf(`Bearer ${text}`), { token: { toString: 1 } }),
    ],
  ])('finds the token of a socket.io client %s', async (_, clientOf) => {
    const client = clientOf(issuer.token({ sub: 'grace' }));
    const context = contextOf('ws', client, {}, 'me');
    expect([await admits(context), subjectOf(context)]).toEqual([true, 'grace']);
    expect(client).toMatchObject({ user: { sub: 'grace' } });
  });

  it('checks a client again on every message, and forgets its token with the refusal', async () => {
    const text = issuer.token();
    const context = contextOf('ws', socketIo(requestOf(), { token: text }), {}, 'me');
    const guard = guardOf();
    expect(await admits(context, guard)).toBe(true);
    await tokens.revoke(text);
    const refusal = await admits(context, guard);
    expect(refusal instanceof WsException && refusal.getError()).toEqual(REFUSED);
    expect(subjectOf(context)).toBeUndefined();
  });

  it('sends what Nest 11 emits on a client of ws, once, and nothing of the host', async () => {
    const sent: string[] = [];
    const client = Object.assign(new EventEmitter(), {
      readyState: 1,
      send: (text: string) => sent.push(text),
    });
    for (let message = 0; message < 3; message += 1) {
      const refusal = await admits(contextOf('ws', client, {}, 'me'));
      if (refusal instanceof WsException) client.emit('exception', refusal.getError());
    }
    client.emit('exception', { message: "the host's own" });
    client.emit('exception', 'text');
    expect(sent.map((text) => JSON.parse(text) as unknown)).toEqual(
      Array(3).fill({ event: 'exception', data: REFUSED }),
    );
  });

  it('refuses messages of microservices, and says once for a handler what to do', async () => {
    const guard = guardOf();
    const context = contextOf('rpc', { headers: bearer().headers }, {});
    const refusals = [await admits(context, guard), await admits(context, guard)];
    expect(refusals.map((each) => each instanceof RpcException && each.getError())).toEqual([
      REFUSED,
      REFUSED,
    ]);
    expect(warnings).toEqual([expect.stringMatching(/Handlers\.me.*@Public.*inheritAppConfig/)]);
    expect(errors).toEqual([]);
  });

  it('refuses events by what Nest does not write to the error log', async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const context = new ExecutionContextHost([{}, {}], Handlers, Handlers.prototype.happened);
    context.setType('rpc');
    expect(await admits(context)).toBeInstanceOf(HttpException);
  });

  it.each([
    ['graphql', undefined],
    ['graphql', 'text'],
    ['graphql', { req: { headers: null } }],
    ['ws', undefined],
    ['ws', { handshake: 1 }],
    ['ws', Object.assign(new EventEmitter(), { readyState: 1 })],
    ['rpc', undefined],
    ['telegraf', { update: {} }],
    ['http', undefined],
  ])('refuses as missing, without an error, what has no request: %s of %j', async (type, value) => {
    const args = type === 'graphql' ? [{}, {}, value, {}] : [value, value];
    const response = { setHeader: () => undefined, getHeader: () => undefined };
    if (type === 'http') args[1] = response;
    const guard = guardOf();
    Reflect.set(guard, 'adapterHost', { httpAdapter: response });
    const refusal = await admits(contextOf(type, ...args), guard);
    expect(refusal).toMatchObject({ message: REFUSED.message });
    expect([errors, warnings.length]).toEqual([[], 1]);
  });

  describe('with getRequest overridden', () => {
    let described: PlatformRequest;

    class Described extends JwtAuthGuard {
      protected override getRequest(): PlatformRequest {
        return described;
      }
    }

    it.each([
      ['graphql', {}, {}, {}, {}],
      ['ws', {}, {}, 'me'],
      ['rpc', {}, {}],
      ['http', {}, {}],
    ])('takes any request of the exported type: %s', async (type, ...args) => {
      described = Object.assign(bearer(), { method: 'CONNECT' });
      const context = contextOf(type, ...args);
      const admitted = await admits(context, guardOf(undefined, Described));
      expect([admitted, subjectOf(context)]).toEqual([true, 'grace']);
    });

    it.each([5, ['Bearer a'], {}, null])('refuses %j where a header is text', async (header) => {
      described = requestOf(header);
      const refusal = await admits(contextOf('rpc', {}, {}), guardOf(undefined, Described));
      expect(refusal instanceof RpcException && refusal.getError()).toEqual(REFUSED);
      expect(errors).toEqual([]);
    });

    it('audits the reuse of a token that came beside headers that are no text', async () => {
      described = bearer();
      Object.assign(described.headers, { 'user-agent': 5, 'x-request-id': {} });
      await tokens.revoke(String(described.headers.authorization).slice(7));
      const refusal = await admits(contextOf('rpc', {}, {}), guardOf(undefined, Described));
      expect(refusal instanceof RpcException && refusal.getError()).toEqual(REFUSED);
    });
  });

  it.each([
    [
      'graphql',
      graphql({ req: bearer() }),
      new HttpException({ locked: true }, 423),
      HttpException,
    ],
    [
      'ws',
      contextOf('ws', socketIo(bearer()), {}, 'me'),
      new HttpException({ locked: true }, 423),
      WsException,
    ],
    [
      'ws',
      contextOf('ws', socketIo(bearer()), {}, 'me'),
      new WsException({ locked: true }),
      WsException,
    ],
  ])("hands on what the host's validate throws: %s", async (_, context, thrown, type) => {
    const fail = (): never => {
      throw thrown;
    };
    const refusal = await admits(context, guardOf(fail));
    expect(refusal).toBeInstanceOf(type);
    expect(
      refusal instanceof HttpException
        ? refusal.getResponse()
        : refusal instanceof WsException && refusal.getError(),
    ).toEqual({ locked: true });
    expect(errors).toEqual([]);
  });
});
