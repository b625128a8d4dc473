import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../src/service/embedded-postgres/embedded-postgres';
import { whenDone } from './global-teardown';
import { temporaryFolder } from './temporary-folder';

/** What all suites of a run share; its places are told to them in the environment. */
export default async function globalSetup(): Promise<void> {
  if (process.env.TEST_BUILD === undefined) nameBuildFolder();
  const { TEST_DATABASE_URL: given } = process.env;
  nameTemplate(given);
  if (given === undefined) await startDatabase();
}

/** The database that others are copies of: of this run, for the migrations may be others in the next. */
function nameTemplate(givenUrl: string | undefined): void {
  const name = `template_${randomBytes(6).toString('hex')}`;
  process.env.TEST_TEMPLATE = name;
  whenDone(async () => {
    delete process.env.TEST_TEMPLATE;
    if (givenUrl === undefined) return; // it ends with our server
    const client = new Client({ connectionString: givenUrl });
    await client.connect();
    await client.query(`DROP DATABASE IF EXISTS ${name}`);
    await client.end();
  });
}

/** An empty folder for the first suite that needs the project built: see `builtProject`. */
function nameBuildFolder(): void {
  const folder = temporaryFolder();
  process.env.TEST_BUILD_FOLDER = folder.path;
  whenDone(() => {
    folder.remove();
    delete process.env.TEST_BUILD_FOLDER;
  });
}

/**
 * Starts the one PostgreSQL that all ordinary tests share, fast instead of durable, and names it
 * in TEST_DATABASE_URL. A URL that is set beforehand is used as it is.
 */
async function startDatabase(): Promise<void> {
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
