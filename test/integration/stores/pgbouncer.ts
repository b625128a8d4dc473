import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, isListening } from '../../support/free-port';
import { temporaryFolder } from '../../support/temporary-folder';

/** A PgBouncer in transaction mode, before one database. */
export interface PgBouncer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Whether PgBouncer is installed here; its tests are left out, aloud, where it is not. */
export function hasPgBouncer(): boolean {
  const isThere = spawnSync('pgbouncer', ['--version']).status === 0;
  if (!isThere) {
    process.stderr.write(
      '\n*** PgBouncer is not installed: the tests behind it are LEFT OUT. ' +
        'Debian: apt-get install pgbouncer ***\n\n',
    );
  }
  return isThere;
}

/** Starts a PgBouncer whose few server connections its clients have to share. */
export async function startPgBouncer(databaseUrl: string): Promise<PgBouncer> {
  const folder = temporaryFolder();
  const port = await freePort();
  const server = new URL(databaseUrl);
  const configFile = `${folder.path}/pgbouncer.ini`;
  writeFileSync(configFile, configuration(server, port), { mode: 0o644 });
  chmodSync(folder.path, 0o755);
  const bouncer = spawn('pgbouncer', ['-q', configFile], { ...unprivileged(), stdio: 'ignore' });
  const url = new URL(databaseUrl);
  url.port = String(port);
  await accepting(port);
  return {
    url: url.href,
    stop: async () => {
      bouncer.kill('SIGKILL');
      if (bouncer.exitCode === null && bouncer.signalCode === null) await once(bouncer, 'exit');
      folder.remove();
    },
  };
}

function configuration(server: URL, port: number): string {
  const database = server.pathname.slice(1);
  const target =
    `host=${server.hostname} port=${server.port} dbname=${database} ` +
    `user=${server.username} password=${decodeURIComponent(server.password)}`;
  return `
[databases]
${database} = ${target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 100
`;
}

/** PgBouncer refuses to run as root. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const nobody = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return { uid: Number(nobody?.[1]), gid: Number(nobody?.[2]) };
}

async function accepting(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await isListening(port)) return;
    await sleep(25);
  }
  throw new Error('PgBouncer did not start');
}
