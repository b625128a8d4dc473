import express, { type RequestHandler } from 'express';
import fastify, { type FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { parse } from 'node:querystring';
import request, { type Test } from 'supertest';
import { createRevocation, type RevocationOptions, type RevocationStore } from '../../src/express';
import { createRevocation as createForFastify } from '../../src/fastify';
import type { PlainRevocation } from '../../src/plain/plain-revocation';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { INTROSPECT } from './introspection';
import { BACKCHANNEL_LOGOUT } from './logout-tokens';
import { TestIssuer } from './tokens';

export type Framework = typeof express;

/** Both major versions that the Express face is for. */
export const FRAMEWORKS: readonly (readonly [name: string, framework: Framework])[] = [
  ['Express 5', express],
  // The alias has no types of its own; what is used here is the same in both.
  ['Express 4', jest.requireActual<Framework>('express4')],
];

export interface HostSetUp {
  readonly issuer?: TestIssuer;
  readonly options?: Partial<RevocationOptions>;
  /** Whether `enforce` comes first of all. */
  readonly isEnforced?: boolean;
  /** Whether parsers of the host's take JSON and forms ahead of our handlers. */
  readonly hasParsers?: boolean;
}

export interface ExpressSetUp extends HostSetUp {
  readonly framework?: Framework;
  /** Middleware of the host's, ahead of our handlers. */
  readonly before?: readonly RequestHandler[];
}

export interface FastifySetUp extends HostSetUp {
  /** What the host registers ahead of our routes. */
  readonly before?: (app: FastifyInstance) => void;
}

const FORM = 'application/x-www-form-urlencoded';

const hasCallers = ({ options }: HostSetUp): boolean => options?.introspectionCallers !== undefined;
const hasProvider = ({ options }: HostSetUp): boolean => options?.backchannel !== undefined;

/** A plain app with our handlers, on a port of its own; `close` stops both. */
export class PlainHost<R extends PlainRevocation = PlainRevocation> {
  private constructor(
    readonly issuer: TestIssuer,
    readonly store: RevocationStore,
    readonly revocation: R,
    private readonly server: Server,
    /** What `onError` was told. */
    readonly errors: readonly unknown[],
    readonly auditLines: readonly string[],
    /** Why requests were refused, as it was printed. */
    readonly refusals: readonly string[],
  ) {}

  /** An app of Express. */
  static express(setUp: ExpressSetUp = {}) {
    return PlainHost.start(setUp, createRevocation, (revocation) => {
      const { enforce, logout, verifyToken } = revocation;
      const framework = setUp.framework ?? express;
      const app = framework();
      if (setUp.isEnforced === true) app.use(enforce);
      for (const handler of setUp.before ?? []) app.use(handler);
      if (setUp.hasParsers === true)
        app.use(framework.json(), framework.urlencoded({ extended: true }));
      app.post('/logout', logout);
      if (hasCallers(setUp)) app.post(INTROSPECT, revocation.introspect);
      if (hasProvider(setUp)) app.post(BACKCHANNEL_LOGOUT, revocation.backchannelLogout);
      app.get('/protected', verifyToken, (req, res) => {
        const { user } = req as { user?: object };
        res.json(user);
        Object.assign(user ?? {}, { scribbled: true });
      });
      return Promise.resolve(createServer(app));
    });
  }

  /** An app of Fastify 5. */
  static fastify(setUp: FastifySetUp = {}) {
    return PlainHost.start(setUp, createForFastify, async (revocation) => {
      const { enforce, logout, verifyToken } = revocation;
      const app = fastify();
      if (setUp.isEnforced === true) app.addHook('onRequest', enforce);
      setUp.before?.(app);
      if (setUp.hasParsers === true)
        app.addContentTypeParser(FORM, { parseAs: 'string' }, (_req, body, done) => {
          done(null, parse(String(body)));
        });
      app.post('/logout', logout);
      if (hasCallers(setUp)) app.post(INTROSPECT, revocation.introspect);
      if (hasProvider(setUp)) app.post(BACKCHANNEL_LOGOUT, revocation.backchannelLogout);
      app.get('/protected', { onRequest: verifyToken }, (req, reply) => {
        const { user } = req as { user?: object };
        void reply.type('application/json').send(JSON.stringify(user));
        Object.assign(user ?? {}, { scribbled: true });
      });
      await app.ready();
      return app.server;
    });
  }

  private static async start<R extends PlainRevocation>(
    { issuer = new TestIssuer(), options = {} }: HostSetUp,
    create: (options: RevocationOptions) => R,
    serve: (revocation: R) => Promise<Server>,
  ): Promise<PlainHost<R>> {
    const [errors, auditLines, refusals]: [unknown[], string[], string[]] = [[], [], []];
    const store = options.store ?? new MemoryRevocationStore();
    const revocation = create({
      algorithms: [issuer.algorithm],
      keys: issuer.key,
      onError: (error) => errors.push(error),
      auditPrinter: (line) => auditLines.push(line),
      refusalPrinter: (line) => refusals.push(line),
      throttleLimit: 100_000,
      ...options,
      store,
    });
    const server = await serve(revocation);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new PlainHost(issuer, store, revocation, server, errors, auditLines, refusals);
  }

  get port(): number {
    const address = this.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('not listening');
    return address.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A logout as documented. */
  logout(token: unknown): Test {
    return this.post().send({ token });
  }

  post(): Test {
    return request(this.url).post('/logout');
  }

  /** A protected route, which answers with `request.user`, and scribbles on it. */
  protected(token?: string): Test {
    const test = request(this.url).get('/protected');
    return token === undefined ? test : test.set('Authorization', `Bearer ${token}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await this.revocation.close();
  }
}

/** Every framework that a plain app may stand on. */
export const PLAIN_APPS: readonly (readonly [
  name: string,
  start: (setUp: HostSetUp) => Promise<PlainHost>,
])[] = [
  ...FRAMEWORKS.map(
    ([name, framework]) =>
      [name, (setUp: HostSetUp) => PlainHost.express({ ...setUp, framework })] as const,
  ),
  ['Fastify 5', (setUp) => PlainHost.fastify(setUp)],
];
