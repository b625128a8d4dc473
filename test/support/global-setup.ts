import { startEmbeddedPostgres } from '../../src/service/embedded-postgres';
import { whenDone } from './global-teardown';
import { temporaryFolder } from './temporary-folder';

/**
 * Starts the one PostgreSQL that all ordinary tests share, fast instead of durable, and names it
 * in TEST_DATABASE_URL. A URL that is set beforehand is used as it is.
 */
export default async function globalSetup(): Promise<void> {
  if (process.env.TEST_DATABASE_URL !== undefined) return;
  const folder = temporaryFolder();
  const server = await startEmbeddedPostgres({
    dataDir: folder.path,
    noSync: true,
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '200',
      shared_preload_libraries: 'pg_stat_statements', // one more place to look for leaked tokens
    },
  });
  process.env.TEST_DATABASE_URL = server.url();
  whenDone(async () => {
    await server.stop();
    folder.remove();
    delete process.env.TEST_DATABASE_URL;
  });
}
