import type { INestApplication, Type } from '@nestjs/common';
import { LiveConnections, type AuthModuleOptions } from '../../../src';
import type { PostgresStoreOptions } from '../../../src/stores/postgres/options';
import { PostgresRevocationStore } from '../../../src/postgres';
import { MeController, TestApp, type Platform } from '../../support/app';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { TestIssuer } from '../../support/tokens';
import { PATIENCE } from '../../support/patience';

/** What a host of live connections has beside the module. */
export interface LiveHost {
  readonly platform?: Platform;
  readonly imports?: Type[];
  readonly controllers?: Type[];
  readonly configure?: (app: INestApplication) => void;
  readonly options?: Partial<AuthModuleOptions>;
}

/** A host that listens, with our module known to all its modules. */
export function startHost(
  { platform = 'express', imports = [], controllers = [], configure, options = {} }: LiveHost,
  store: AuthModuleOptions['store'],
  issuer = new TestIssuer(),
): Promise<TestApp> {
  return TestApp.start(
    platform,
    // A process that stands still for half of the grace may end its connections, as it should.
    { liveGraceMs: 60_000, ...options, store },
    {
      issuer,
      imports,
      extras: { isGlobal: true },
      controllers: [MeController, ...controllers],
      ...(configure !== undefined && { configure }),
    },
  );
}

export const liveOf = (app: TestApp): LiveConnections =>
  app.nest.get(LiveConnections, { strict: false });

/** Two instances of one host on one database: users log out at one, clients are at the other. */
export class TwoInstances {
  private constructor(
    readonly database: TestDatabase,
    /** Where users log out. */
    readonly there: TestApp,
    /** Where clients connect. */
    readonly here: TestApp,
  ) {}

  static async start(
    host: LiveHost,
    storeOptions: PostgresStoreOptions = {},
  ): Promise<TwoInstances> {
    const database = await createMigratedDatabase();
    const { url } = database;
    const issuer = new TestIssuer();
    const there = await startHost({}, new PostgresRevocationStore({ url }, PATIENCE), issuer);
    const store = new PostgresRevocationStore({ url }, { ...PATIENCE, ...storeOptions });
    return new TwoInstances(database, there, await startHost(host, store, issuer));
  }

  token(claims: Record<string, unknown> = {}): string {
    return this.here.issuer.token(claims);
  }

  async logout(token: string): Promise<void> {
    await this.there.logout(token).expect(200);
  }

  get live(): LiveConnections {
    return liveOf(this.here);
  }

  async close(): Promise<void> {
    await this.here.close();
    await this.there.close();
    await this.database.drop();
  }
}
