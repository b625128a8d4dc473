import { inspect } from 'node:util';
import { Logger, type INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Test } from 'supertest';
import { AuditLog, type AuthModuleOptions } from '../../../src';
import type { PostgresStoreOptions } from '../../../src/stores/postgres/options';
import { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { TestApp } from '../../support/app';
import type { TestDatabase } from '../../support/database';
import { hostOf } from '../stores/open-store';
import { PATIENCE } from '../../support/patience';

/** Who sends a request, as a proxy and the client itself say. */
export interface Sender {
  readonly from: string;
  readonly agent?: string;
}

/** An application behind a proxy, on a database, whose every printed line is kept. */
export class AuditedApp {
  /** Every token that was used; none may be found again anywhere. */
  readonly tokens: string[] = [];

  private constructor(
    readonly app: TestApp,
    readonly printed: readonly string[],
  ) {}

  static async start(
    database: TestDatabase,
    options: Partial<AuthModuleOptions> = {},
    storeOptions: PostgresStoreOptions = PATIENCE,
  ): Promise<AuditedApp> {
    const printed: string[] = [];
    const store = new PostgresRevocationStore(hostOf(database.url), storeOptions);
    const configure = (nest: INestApplication): void => {
      (nest as NestExpressApplication).set('trust proxy', true);
      nest.useLogger(keepingIn(printed));
    };
    const app = await TestApp.start('express', { store, ...options }, { configure });
    return new AuditedApp(app, printed);
  }

  token(claims: Record<string, unknown> = {}): string {
    const token = this.app.issuer.token(claims);
    this.tokens.push(token);
    return token;
  }

  logout(sender: Sender, bearer: string, named: unknown = bearer): Test {
    return sentBy(sender, this.app.logout(bearer, named));
  }

  me(sender: Sender, bearer: string): Test {
    return sentBy(sender, this.app.me(bearer));
  }

  post(sender: Sender): Test {
    return sentBy(sender, this.app.post());
  }

  /** Writes what waits, the summary of the failures that were only counted included. */
  async writeAll(): Promise<void> {
    await this.app.nest.get(AuditLog).close();
  }

  async close(): Promise<void> {
    await this.app.close();
    Logger.overrideLogger(false);
  }
}

function sentBy({ from, agent = 'curl/8' }: Sender, request: Test): Test {
  return request.set('X-Forwarded-For', from).set('User-Agent', agent);
}

function keepingIn(lines: string[]): Parameters<INestApplication['useLogger']>[0] {
  const keep = (...parts: unknown[]): void => {
    lines.push(...parts.map((part) => (typeof part === 'string' ? part : inspect(part))));
  };
  return { log: keep, warn: keep, error: keep, debug: keep, verbose: keep, fatal: keep };
}
