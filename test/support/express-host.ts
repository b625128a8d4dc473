import express, { type Express, type RequestHandler } from 'express';
import { once } from 'node:events';
import type { Server } from 'node:http';
import request, { type Test } from 'supertest';
import {
  createRevocation,
  type ExpressRevocation,
  type RevocationOptions,
  type RevocationStore,
} from '../../src/express';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { TestIssuer } from './tokens';

export type Framework = typeof express;

/** Both major versions that the Express face is for. */
export const FRAMEWORKS: readonly (readonly [name: string, framework: Framework])[] = [
  ['Express 5', express],
  // The alias has no types of its own; what is used here is the same in both.
  ['Express 4', jest.requireActual<Framework>('express4')],
];

export interface HostSetUp {
  readonly framework?: Framework;
  readonly issuer?: TestIssuer;
  readonly options?: Partial<RevocationOptions>;
  /** Whether `enforce` comes first of all. */
  readonly isEnforced?: boolean;
  /** Middleware of the host's, ahead of our handlers. */
  readonly before?: readonly RequestHandler[];
}

/** A plain Express app with our two handlers, on a port of its own. */
export class ExpressHost {
  /** What `onError` was told. */
  readonly errors: unknown[] = [];
  readonly auditLines: string[] = [];
  /** Why requests were refused, as it was printed. */
  readonly refusals: string[] = [];
  readonly issuer: TestIssuer;
  readonly store: RevocationStore;
  readonly revocation: ExpressRevocation;
  private server: Server | undefined;

  private constructor({ issuer = new TestIssuer(), options = {} }: HostSetUp) {
    this.issuer = issuer;
    this.store = options.store ?? new MemoryRevocationStore();
    this.revocation = createRevocation({
      algorithms: [issuer.algorithm],
      keys: issuer.key,
      onError: (error) => this.errors.push(error),
      auditPrinter: (line) => this.auditLines.push(line),
      refusalPrinter: (line) => this.refusals.push(line),
      throttleLimit: 100_000,
      ...options,
      store: this.store,
    });
  }

  static async start(setUp: HostSetUp = {}): Promise<ExpressHost> {
    const host = new ExpressHost(setUp);
    const app = (setUp.framework ?? express)();
    host.server = host.mount(app, setUp).listen(0, '127.0.0.1');
    await once(host.server, 'listening');
    return host;
  }

  get port(): number {
    const address = this.server?.address();
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
    this.server?.closeAllConnections();
    this.server?.close();
    await this.revocation.close();
  }

  private mount(app: Express, { before = [], isEnforced = false }: HostSetUp): Express {
    const { enforce, logout, verifyToken } = this.revocation;
    if (isEnforced) app.use(enforce);
    for (const handler of before) app.use(handler);
    app.post('/logout', logout);
    app.get('/protected', verifyToken, (req, res) => {
      const { user } = req as { user?: object };
      res.json(user);
      Object.assign(user ?? {}, { scribbled: true });
    });
    return app;
  }
}
