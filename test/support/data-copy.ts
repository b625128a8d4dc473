import { cpSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DEFAULT_SCHEMA } from '../../migrations/schema-names';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/service/embedded-postgres/embedded-postgres';
import type { TestCluster } from './cluster';
import { temporaryFolder } from './temporary-folder';

/** A copy of a server's files, as a backup is, for a second server with the same password. */
export interface DataCopy {
  start(settings?: Readonly<Record<string, string>>): Promise<EmbeddedPostgres>;
  /** Stops the server that was started on it, and removes it. */
  remove(): Promise<void>;
}

/** Copies the files. The cluster is stopped for that, and runs again afterwards. */
export async function copyData(
  cluster: TestCluster,
  { asStandby = false }: { asStandby?: boolean } = {},
): Promise<DataCopy> {
  const folder = temporaryFolder();
  // <own folder of the user>/postgres/data
  const own = dirname(dirname(cluster.dataDir));
  const copied = join(folder.path, basename(own));
  await cluster.stop();
  cpSync(own, copied, { recursive: true });
  if (asStandby) writeFileSync(join(copied, 'postgres', 'data', 'standby.signal'), '');
  await cluster.start();
  let server: EmbeddedPostgres | undefined;
  return {
    start: async (settings = {}) => {
      server = await startEmbeddedPostgres({
        dataDir: folder.path,
        settings: { search_path: `public,${DEFAULT_SCHEMA}`, ...settings },
      });
      return server;
    },
    remove: async () => {
      await server?.stop();
      folder.remove();
    },
  };
}
