import { DEFAULT_SCHEMA } from '../../migrations/schema-names';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/service/embedded-postgres/embedded-postgres';
import { temporaryFolder } from './temporary-folder';

/** A PostgreSQL of one suite's own, to be crashed, stopped and started again at will. */
export interface TestCluster {
  /** The same before and after every start. */
  readonly url: string;
  readonly dataDir: string;
  /** Resolves when it accepts connections again, on the same port and data. */
  start(): Promise<void>;
  /** `fast` writes everything out; `immediate` leaves it to the recovery of the next start. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** Kills the main process with SIGKILL; its sessions end with it. */
  kill(): Promise<void>;
  /** Stops the server if it runs, and removes its data. */
  remove(): Promise<void>;
}

/** Starts a durable cluster: unlike the shared one it keeps what it committed through a crash. */
export async function startCluster(
  settings: Readonly<Record<string, string>> = {},
): Promise<TestCluster> {
  const folder = temporaryFolder();
  const begin = (port?: number): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({
      dataDir: folder.path,
      // Tests need not name our schema again and again; the store does not go by this.
      settings: { search_path: `public,${DEFAULT_SCHEMA}`, ...settings },
      port,
    });
  let server = await begin();
  const signal = async (name: 'SIGQUIT' | 'SIGKILL'): Promise<void> => {
    process.kill(server.pid, name);
    await server.exited;
  };
  return {
    url: server.url(),
    dataDir: server.dataDir,
    start: async () => {
      server = await begin(server.port);
    },
    stop: (mode = 'fast') => (mode === 'fast' ? server.stop() : signal('SIGQUIT')),
    kill: () => signal('SIGKILL'),
    remove: async () => {
      await server.stop();
      folder.remove();
    },
  };
}
