import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type EmbeddedPostgres,
  findEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../../src/service/embedded-postgres/embedded-postgres';
import { serverUser } from '../../../src/service/embedded-postgres/own-folder';
import { withClient } from '../../support/database';
import { LauncherProgram } from '../../support/launcher-process';
import {
  removedAtExit,
  type TemporaryFolder,
  temporaryFolder,
} from '../../support/temporary-folder';
import { until } from '../../support/until';

jest.setTimeout(180_000); // some make the data of two servers, which a busy machine takes its time for

const NOBODY_UID = 65_534;
/** A user that is not root: another one when the tests run as root, else the one running them. */
const ordinaryUser = process.getuid?.() === 0 ? NOBODY_UID : process.getuid?.();

const ownUid = serverUser().uid ?? process.getuid?.();

let folder: TemporaryFolder;
let dataDir: string;
let launcher: LauncherProgram;
let server: EmbeddedPostgres | undefined;

beforeEach(() => {
  folder = temporaryFolder();
  dataDir = join(folder.path, 'data');
  launcher = new LauncherProgram(folder.path);
});

afterEach(async () => {
  await server?.stop();
  server = undefined;
  await launcher.endAll();
  folder.remove();
});

async function start(settings?: Record<string, string>): Promise<EmbeddedPostgres> {
  server = await startEmbeddedPostgres({ dataDir, noSync: true, settings });
  return server;
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
    return rows.flat();
  });
}

/** Zombies that are never reaped do not count: they hold nothing. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function pathsIn(path: string): string[] {
  return existsSync(path) ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : [];
}

describe('a start on data of an earlier one', () => {
  it('finds what was stored', async () => {
    const first = await start();
    await ask(first.url(), 'CREATE TABLE kept AS SELECT 7 AS number');
    await first.stop();
    const second = await start();
    expect(await ask(second.url(), 'SELECT number FROM kept')).toEqual([7]);
  });

  it('finds what was committed before the server was killed', async () => {
    const first = await start();
    await ask(first.url(), 'CREATE TABLE kept AS SELECT 7 AS number');
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const second = await start();
    expect(await ask(second.url(), 'SELECT number FROM kept')).toEqual([7]);
  });

  it('uses the data although the lock file names a process that is something else', async () => {
    const { dataDir: data, port, stop } = await start();
    await stop();
    const stranger = spawn('sleep', ['30'], { ...serverUser(), stdio: 'ignore' });
    const lock = [stranger.pid, data, 0, port, '', '127.0.0.1', '0 0', 'ready'].join('\n');
    writeFileSync(join(data, 'postmaster.pid'), lock);
    const second = await start();
    stranger.kill();
    expect(await ask(second.url(), 'SELECT 1')).toEqual([1]);
  });

  it('begins anew where the first start was killed before its data was whole', async () => {
    const child = launcher.spawn({ dataDir });
    await until(() => pathsIn(dataDir).some((path) => path.endsWith('PG_VERSION')));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { url } = await start();
    expect(await ask(url(), 'SELECT 1')).toEqual([1]);
  });
});

describe('what a killed first start left behind', () => {
  it('is cleared away once it is surely over, and not before', async () => {
    const own = join(dataDir, `uid-${process.getuid?.() ?? 'own'}`);
    const [old, recent] = [join(own, 'initdb-old'), join(own, 'initdb-recent')];
    mkdirSync(join(old, 'postgres'), { recursive: true });
    mkdirSync(recent);
    utimesSync(old, new Date(), new Date(Date.now() - 601_000));
    await start();
    expect([existsSync(old), existsSync(recent)]).toEqual([false, true]);
  });
});

describe('one data directory', () => {
  it('has one server: the second start is refused with a way out', async () => {
    const { dataDir: data, pid, port } = await start();
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(
      `A PostgreSQL already runs on ${data} (pid ${pid}, port ${port}). Stop the service that ` +
        `started it, or give this one a DATA_DIR of its own; if none is left, kill -INT ${pid}.`,
    );
    expect(await ask(server!.url(), 'SELECT 1')).toEqual([1]);
  });

  it('has one server even when two first starts race for it', async () => {
    const both = await Promise.all([launcher.launch({ dataDir }), launcher.launch({ dataDir })]);
    expect(both.filter(({ refusal }) => refusal === undefined)).toHaveLength(1);
    expect(both.find(({ refusal }) => refusal !== undefined)?.refusal).toMatch(
      /DATA_DIR of its own/,
    );
  });
});

describe('the end of a server', () => {
  it('leaves no process and no lock file once stop has resolved', async () => {
    const { pid, dataDir: data, stop } = await start();
    await stop();
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(join(data, 'postmaster.pid'))).toBe(false);
  });

  it('is asked for as often as one likes', async () => {
    const { stop } = await start();
    await Promise.all([stop(), stop()]);
    await expect(stop()).resolves.toBeUndefined();
  });

  it('is told to its caller when the server dies by itself', async () => {
    const { pid, exited } = await start();
    process.kill(pid, 'SIGKILL');
    await expect(exited).resolves.toBeUndefined();
  });

  it('follows the kill -9 of its parent, and another start succeeds', async () => {
    const first = await launcher.launch({ dataDir });
    await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS number');
    first.child.kill('SIGKILL');
    const second = await start();
    expect(isRunning(first.pid)).toBe(false);
    expect(await ask(second.url(), 'SELECT number FROM kept')).toEqual([7]);
  });

  it('follows the kill -9 of its parent, also without another start', async () => {
    const { child, pid } = await launcher.launch({ dataDir });
    child.kill('SIGKILL');
    await until(() => !isRunning(pid));
    expect(existsSync(join(dataDir, 'postmaster.pid'))).toBe(false);
  });
});

describe('the way in', () => {
  it('is this machine only', async () => {
    const { url } = await start();
    expect(await ask(url(), 'SHOW listen_addresses')).toEqual(['127.0.0.1']);
    expect(await ask(url(), 'SHOW unix_socket_directories')).toEqual(['']);
  });

  it('needs the password', async () => {
    const { url } = await start();
    const wrong = new URL(url());
    wrong.password = 'guessed';
    await expect(ask(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('has its password beside the data, for the eyes of one user', async () => {
    const { url, dataDir: data } = await start();
    const file = join(dirname(data), 'password');
    expect(readFileSync(file, 'utf8')).toBe(new URL(url()).password);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(file).uid).toBe(process.getuid?.());
  });

  it('is the wanted port, the named database and the given settings', async () => {
    const { port, stop } = await start();
    await stop();
    server = await startEmbeddedPostgres({ dataDir, port, settings: { work_mem: '5MB' } });
    expect(server.port).toBe(port);
    expect(await ask(server.url('template1'), 'SELECT current_database()')).toEqual(['template1']);
    expect(await ask(server.url(), 'SHOW work_mem')).toEqual(['5MB']);
  });

  it('refuses a setting that PostgreSQL refuses, with what it said', async () => {
    await expect(start({ work_mem: 'plenty' })).rejects.toThrow(
      /invalid value for parameter "work_mem"/,
    );
  });
});

describe('data', () => {
  it('lies elsewhere, every time, where the wanted folder is closed', async () => {
    mkdirSync(dataDir, { mode: 0o500 });
    const first = await start();
    const elsewhere = removedAtExit(dirname(dirname(first.dataDir)));
    await first.stop();
    const second = await start();
    await second.stop();
    elsewhere.remove();
    expect(first.dataDir).not.toContain(dataDir);
    expect(second.dataDir).toBe(first.dataDir);
  });

  it('that cannot be reached any more is never passed over for empty data', async () => {
    const { stop, dataDir: data } = await start();
    await stop();
    const own = dirname(dirname(data));
    chmodSync(own, 0);
    const attempt = startEmbeddedPostgres({ dataDir });
    await expect(attempt).rejects.toThrow(`There is data in ${own}, but uid ${ownUid}`);
    chmodSync(own, 0o755);
  });

  it('without its password is never passed over for empty data', async () => {
    const { stop, dataDir: data } = await start();
    await stop();
    rmSync(join(dirname(data), 'password'));
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(/password .* is missing/);
  });

  it('is found by those who want to ask a running server, and only then', async () => {
    expect(findEmbeddedPostgres(dataDir)).toBeUndefined();
    const { url, stop } = await start();
    expect(findEmbeddedPostgres(dataDir)).toBe(url());
    await stop();
    expect(findEmbeddedPostgres(dataDir)).toBeUndefined();
  });
});

describe('users', () => {
  it('have data of their own in one folder', async () => {
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o777);
    const mine = await start();
    await ask(mine.url(), 'CREATE TABLE mine ()');
    await mine.stop();
    const theirs = await launcher.launch({ dataDir, uid: ordinaryUser });
    expect(theirs.dataDir).toBe(join(dataDir, `uid-${ordinaryUser}`, 'postgres', 'data'));
    expect(statSync(theirs.dataDir).uid).toBe(ordinaryUser);
  });

  it('who cannot write where another user keeps data start all the same', async () => {
    const home = join(folder.path, 'home');
    mkdirSync(home);
    chownSync(home, ordinaryUser ?? 0, ordinaryUser ?? 0);
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o555);
    const env = { HOME: home, XDG_DATA_HOME: undefined };
    const theirs = await launcher.launch({ dataDir, uid: ordinaryUser, env });
    expect(theirs.dataDir).toMatch(new RegExp(`^${home}/.local/share/nestjs-logout/[0-9a-f]{12}/`));
    expect(await ask(theirs.url, 'SELECT 1')).toEqual([1]);
  });

  it('are told what to set where there is no place for their data', async () => {
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o555);
    const env = { HOME: '/nonexistent', XDG_DATA_HOME: undefined };
    const { refusal } = await launcher.launch({ dataDir, uid: ordinaryUser, env });
    expect(refusal).toMatch(
      /^DATA_DIR must be a folder that .* or set DATABASE_URL and JWT_SECRET\.$/,
    );
  });
});
