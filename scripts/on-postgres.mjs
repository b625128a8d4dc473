import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';

// Runs tests on a PostgreSQL of another version:
//   node scripts/on-postgres.mjs /usr/lib/postgresql/15 test/integration/stores/postgres.spec.ts

const [folder, ...tests] = process.argv.slice(2);
const bin = (program) => join(folder, 'bin', program);

const user = unprivileged();
const data = mkdtempSync(join(tmpdir(), 'on-postgres-'));
mkdirSync(join(data, 'data'));
if (user.uid !== undefined)
  for (const path of [data, join(data, 'data')]) chownSync(path, user.uid, user.gid);

const env = { PATH: process.env.PATH, LC_ALL: 'C' };
const port = await freePort();
const init = [
  '-D',
  join(data, 'data'),
  '-U',
  'postgres',
  '-A',
  'trust',
  '-E',
  'UTF8',
  '--locale=C',
  '-N',
];
const made = spawnSync(bin('initdb'), init, { ...user, env, cwd: '/', encoding: 'utf8' });
if (made.status !== 0) throw new Error(made.stderr);
const settings = { port, fsync: 'off', synchronous_commit: 'off', max_connections: 200 };
const server = spawn(
  bin('postgres'),
  [
    ...['-D', join(data, 'data'), '-k', '', '-h', '127.0.0.1'],
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ],
  { ...user, env, cwd: '/', stdio: 'ignore' },
);
try {
  const { status } = spawnSync('npx', ['jest', '--silent', '--forceExit', ...tests], {
    stdio: 'inherit',
    env: { ...process.env, TEST_DATABASE_URL: `postgres://postgres:x@127.0.0.1:${port}/postgres` },
  });
  process.exitCode = status ?? 1;
} finally {
  server.kill('SIGINT');
  await once(server, 'exit');
  rmSync(data, { recursive: true, force: true });
}

/** The server refuses to run as root. */
function unprivileged() {
  if (process.getuid() !== 0) return {};
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return { uid: Number(uid), gid: Number(gid) };
}

async function freePort() {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  return port;
}
