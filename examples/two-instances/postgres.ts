/** Two instances on PostgreSQL alone: `npm run example:postgres`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// In your project: from 'nestjs-logout/postgres'.
import { PostgresRevocationStore } from '../../src/postgres';
import { startEmbeddedPostgres } from '../../src/service/embedded-postgres/embedded-postgres';
import { twoInstances, type Backend } from './two-instances';

/** Yours is a server that you have; DATABASE_URL names one. */
async function start(): Promise<Backend> {
  const { DATABASE_URL } = process.env;
  if (DATABASE_URL !== undefined) return { env: {}, stop: () => Promise.resolve() };
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-logout-example-'));
  const server = await startEmbeddedPostgres({ dataDir: folder, noSync: true });
  return {
    env: { DATABASE_URL: server.url() },
    stop: async () => {
      await server.stop();
      for (const each of [server.dataDir, folder]) rmSync(each, { recursive: true, force: true });
    },
  };
}

twoInstances(__filename, {
  start,
  store: () => new PostgresRevocationStore({ url: process.env.DATABASE_URL ?? '' }),
});
