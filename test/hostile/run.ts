import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LOGOUT } from '../support/app';
import { createDatabase, type TestDatabase } from '../support/database';
import { AUDIENCE, ISSUER } from '../support/tokens';
import { type Claims, PROTECTED_PATH, type TokenTools } from './template-values';
import type { RunName } from './hostile-case';
import { Signer } from './signing';
import type { BuiltProject, StartedService } from './started-service';
import { type Route, send, type WireAnswer } from './wire';

/** Requests a minute on the service that is throttled. */
export const LIMIT = 10;
const UNLIMITED = 1_000_000;

/** The service on one platform with one algorithm, on a database of its own. */
export class Run implements TokenTools {
  readonly issuer = new Signer();
  readonly attacker = new Signer();
  /** Every token that was ever used here. */
  readonly tokens = new Set<string>();
  private readonly instances: StartedService[] = [];
  private throttled: StartedService | undefined;
  private addresses = 0;

  private constructor(
    readonly name: RunName,
    readonly database: TestDatabase,
    private readonly project: BuiltProject,
    readonly canary: Canary,
  ) {}

  static async start(name: RunName, project: BuiltProject): Promise<Run> {
    const [database, canary] = await Promise.all([createDatabase(), Canary.listen()]);
    const run = new Run(name, database, project, canary);
    await run.instance(0);
    return run;
  }

  get algorithm(): RunName['algorithm'] {
    return this.name.algorithm;
  }

  get canaryUrl(): string {
    return this.canary.url;
  }

  /** Every process that was started, the throttled one included. */
  get services(): readonly StartedService[] {
    return this.throttled === undefined ? this.instances : [...this.instances, this.throttled];
  }

  /** The service, or another instance on the same database. */
  async instance(index: number): Promise<StartedService> {
    const service = this.instances[index] ?? (await this.startService(UNLIMITED));
    this.instances[index] = service;
    return service;
  }

  /** To the throttled service from an address that was not counted yet. */
  async throttledRoute(): Promise<[StartedService, Route]> {
    // macOS has no loopback address but 127.0.0.1: there the count starts with the service.
    if (process.platform === 'darwin') {
      await this.throttled?.stop();
      this.throttled = await this.startService(LIMIT);
      return [this.throttled, { url: this.throttled.url }];
    }
    this.throttled ??= await this.startService(LIMIT);
    this.addresses += 1;
    return [this.throttled, { url: this.throttled.url, localAddress: `127.1.0.${this.addresses}` }];
  }

  remember(token: string): void {
    if (/^[\w-]+\.[\w-]+\.[\w-]{40}/.test(token)) this.tokens.add(token);
  }

  mint(claims: Claims): string {
    const encode = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${encode({ alg: this.algorithm, typ: 'JWT' })}.${encode(claims)}`;
    const signature = this.issuer.sign(this.algorithm, input)?.toString('base64url');
    const token = `${input}.${signature ?? ''}`;
    this.remember(token);
    return token;
  }

  async revoke(token: string): Promise<void> {
    const { status } = await this.logout(token, token);
    if (status !== 200) throw new Error(`A good token was not logged out: ${status}`);
  }

  async isAccepted(token: string): Promise<boolean> {
    return (await this.me(token)).status === 200;
  }

  async logout(bearer: string, named: string, route?: Route): Promise<WireAnswer> {
    return send(route ?? { url: (await this.instance(0)).url }, {
      method: 'POST',
      path: LOGOUT,
      headers: [
        ['Authorization', `Bearer ${bearer}`],
        ['Content-Type', 'application/json'],
      ],
      body: Buffer.from(JSON.stringify({ token: named })),
    });
  }

  /** What the protected path says to a token, as far as a header can carry its text. */
  async me(token: string, route?: Route): Promise<WireAnswer> {
    return send(route ?? { url: (await this.instance(0)).url }, {
      method: 'GET',
      path: PROTECTED_PATH,
      headers: [['Authorization', `Bearer ${token}`.replace(/[\r\n]/g, ' ')]],
      body: Buffer.alloc(0),
    });
  }

  /** How many revocations there are, of one token or at all. */
  async revocations(tokenId?: unknown): Promise<number> {
    const [row] = await this.database.query(
      'SELECT count(*)::int AS n FROM revoked_tokens WHERE $1::text IS NULL OR token_id = $1',
      [tokenId ?? null],
    );
    return Number(row?.n);
  }

  async end(): Promise<void> {
    await Promise.all(this.services.map((service) => service.kill()));
    await this.canary.close();
    await this.database.drop();
  }

  private startService(limit: number): Promise<StartedService> {
    return this.project.start({
      PLATFORM: this.name.platform,
      DATABASE_URL: this.database.url,
      JWT_ALGORITHMS: this.algorithm,
      ...this.issuer.environment(this.algorithm),
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      THROTTLE_LIMIT: String(limit),
    });
  }
}

/** A listener that no client has a reason to connect to. */
class Canary {
  requests = 0;

  private constructor(private readonly server: Server) {
    server.on('connection', () => {
      this.requests += 1;
    });
  }

  static async listen(): Promise<Canary> {
    const server = createServer((_, response) => {
      response.end('{}');
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return new Canary(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}
