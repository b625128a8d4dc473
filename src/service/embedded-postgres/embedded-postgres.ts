import { existsSync, rmSync, statSync } from 'node:fs';
import { existingFolder, ownFolder, serverUser, type DataPlace } from './own-folder';
import { usableBinaries } from './postgres-binaries';
import { clusterIn, ensureCluster, readPassword } from './postgres-cluster';
import { launchServer } from './postgres-server';
import { findPostmaster } from './postmaster';

/**
 * How to start the embedded PostgreSQL. Only the place is a decision; each system user gets a
 * folder of its own in it (see `ownFolder`).
 */
export interface EmbeddedPostgresOptions extends DataPlace {
  /** Server settings by name, as in postgresql.conf. They hold for this start only. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Skips initdb's fsync: for throw-away clusters only. @defaultValue false */
  readonly noSync?: boolean;
  /** TCP port on 127.0.0.1. @defaultValue a free one */
  readonly port?: number;
  /** Folder whose node_modules holds the binaries. @defaultValue this package's */
  readonly packageRoot?: string;
}

/** A running server that listens on 127.0.0.1 only and ends with this process at the latest. */
export interface EmbeddedPostgres {
  readonly port: number;
  readonly pid: number;
  /** PostgreSQL's own data directory, wherever below or beside the wanted folder it came to lie. */
  readonly dataDir: string;
  /** Connection URL of the superuser, password included. @defaultValue database `postgres` */
  readonly url: (database?: string) => string;
  /**
   * Resolves when the server has ended, whether `stop` was called or it died on its own. Waiting
   * for it does not keep this process alive.
   */
  readonly exited: Promise<void>;
  /**
   * Ends open transactions, writes everything out and stops the server; idempotent. Afterwards
   * there is no process and no lock file.
   * @throws {Error} when the server has not ended within 30 s; it is killed then, and the next
   * start recovers.
   */
  readonly stop: () => Promise<void>;
}

/**
 * Starts PostgreSQL 18 from the packages npm installed, on data that outlives it, and resolves
 * when it accepts connections. After a crash of the server or of this process the next start
 * recovers. Exactly one server runs on one data directory.
 *
 * @throws {Error} when another server holds the data, when this platform or user cannot run
 * PostgreSQL, or when it does not come up within 60 s; the sentence says what to do.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const user = serverUser();
  const bin = usableBinaries(user, options.packageRoot);
  const cluster = clusterIn(ownFolder(options, user));
  ensureCluster(cluster, { bin, user, noSync: options.noSync ?? false });
  const password = readPassword(cluster);
  trimLog(cluster.logFile);
  const launch = { bin, user, cluster, settings: options.settings ?? {} };
  const server = await launchServer(launch, options.port);
  return {
    ...server,
    dataDir: cluster.dataDir,
    url: (database = 'postgres') => connectionUrl(password, server.port, database),
  };
}

/**
 * The URL of the server that runs on this user's data below `dataDir`. Any process may have
 * started it.
 *
 * @returns undefined when none is ready there.
 */
export function findEmbeddedPostgres(dataDir: string): string | undefined {
  const folder = existingFolder(dataDir);
  if (folder === undefined) return undefined;
  const cluster = clusterIn(folder);
  const postmaster = findPostmaster(cluster.dataDir);
  if (postmaster?.state !== 'ready') return undefined;
  return connectionUrl(readPassword(cluster), postmaster.port, 'postgres');
}

function connectionUrl(password: string, port: number, database: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

/** Deletes a log of more than 10 MB. The log only serves to find out why a start failed. */
function trimLog(logFile: string): void {
  if (existsSync(logFile) && statSync(logFile).size > 10_000_000) rmSync(logFile);
}
