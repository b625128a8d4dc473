import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { builtProject } from '../support/built-project';
import { createDatabase, type TestDatabase } from '../support/database';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder';

type Environment = Readonly<Record<string, string>>;

const SECRET = 'a secret of at least thirty-two bytes';
const UNUSABLE = 'DATABASE_URL must lead to a PostgreSQL that this service can use';

let main: string;
let database: TestDatabase;
let folder: TemporaryFolder;
let other: Server;
let takenPort: number;

beforeAll(async () => {
  main = join(await builtProject(), 'dist', 'src', 'main.js');
  database = await createDatabase();
  folder = temporaryFolder();
  other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  takenPort = (other.address() as AddressInfo).port;
});
afterAll(async () => {
  other.close();
  folder.remove();
  await database.drop();
});

/** The service's URL of its database, with something about it wrong. */
const wrong = (change: Partial<Record<'pathname' | 'password' | 'username', string>>): string =>
  Object.assign(new URL(database.url), change).href;

/** What suffices for a start, if the database is one. */
const at = (DATABASE_URL: string): Environment => ({ DATABASE_URL, JWT_SECRET: SECRET });

/** Starts the service as it is deployed. @returns its exit code, and the last line it said. */
async function failedStart(env: Environment): Promise<{ code: number | null; lastLine?: string }> {
  const child = spawn(process.execPath, [main], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: folder.path, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
  });
  const [said] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, lastLine: said.trimEnd().split('\n').at(-1) };
}

/** A folder that no process can make another in. */
function closedFolder(): string {
  const path = join(folder.path, 'a-file');
  writeFileSync(path, '');
  return join(path, 'data');
}

/** A folder below one that the user of PostgreSQL may not enter; for root that is another user. */
function unreachableFolder(): string {
  const closed = join(folder.path, 'closed');
  mkdirSync(closed, { recursive: true });
  chmodSync(closed, process.getuid?.() === 0 ? 0o700 : 0o500);
  return join(closed, 'data');
}

describe('The last line of a start that fails is its cause, and names the variable to change', () => {
  it.each<[string, () => Environment, string | RegExp]>([
    [
      'a secret that is too short',
      () => ({ JWT_SECRET: 'short' }),
      'JWT_SECRET must be a secret of at least 32 bytes (HS256), got a secret of 5 bytes. ' +
        'Make one with `openssl rand -hex 64`.',
    ],
    [
      'a secret where public keys are needed',
      () => ({ JWT_SECRET: SECRET, JWT_ALGORITHMS: 'RS256' }),
      'JWT_PUBLIC_KEY must be set for JWT_ALGORITHMS other than HS*, not JWT_SECRET.',
    ],
    [
      'a public key that is none',
      () => ({ JWT_PUBLIC_KEY: 'abc', JWT_ALGORITHMS: 'ES256' }),
      /^JWT_PUBLIC_KEY must be .*public keys in PEM, .*line breaks/,
    ],
    [
      'a port that is taken',
      () => ({ ...at(database.url), PORT: String(takenPort) }),
      /^PORT must be free: something else listens on port \d+ of 127\.0\.0\.1\. Stop it, or set PORT\.$/,
    ],
    [
      'an address of another machine',
      () => ({ ...at(database.url), HOST: '203.0.113.7' }),
      /^HOST must be an address of this machine, .*EADDRNOTAVAIL/,
    ],
    [
      'a host name without an address',
      () => ({ ...at(database.url), HOST: 'nowhere.invalid' }),
      /^HOST must be an address of this machine, .*nowhere\.invalid/,
    ],
    [
      'a folder for the secret that cannot be made',
      () => ({ DATABASE_URL: database.url, DATA_DIR: closedFolder() }),
      /^DATA_DIR must be a folder that uid \d+ can write to /,
    ],
    [
      'a folder for the data that cannot be made',
      () => ({ DATA_DIR: closedFolder() }),
      /^DATA_DIR must be a folder that uid \d+ can write to .*a-file\/data\/uid-\d+ cannot be used\./,
    ],
    [
      'a folder for the data that PostgreSQL cannot enter',
      () => ({ DATA_DIR: unreachableFolder() }),
      /^DATA_DIR must be a folder that .* uid \d+ can enter: .*closed\/data\/uid-\d+ cannot be used\./,
    ],
    [
      'a server that is not there',
      () => at('postgres://ada:hunter2@127.0.0.1:1/app'),
      `${UNUSABLE}, got ada@127.0.0.1:1/app: nothing listens there. Start PostgreSQL, or change ` +
        'host and port (connect ECONNREFUSED 127.0.0.1:1).',
    ],
    [
      'a user with a broken escape',
      () => at('postgres://a%zz@127.0.0.1:1/app'),
      /^DATABASE_URL must lead .*got a%zz@127\.0\.0\.1:1\/app: /,
    ],
    [
      'a server without an address',
      () => at('postgres://db.invalid/app'),
      /^DATABASE_URL must lead .*got db\.invalid\/app: its host has no address.* Change the host/,
    ],
    [
      'a database that does not exist',
      () => at(wrong({ pathname: 'absent' })),
      /the database does not exist\. Create it, or change its name \(database "absent" does not exist\)\.$/,
    ],
    [
      'a wrong password',
      () => at(wrong({ password: 'hunter2' })),
      /^(?!.*hunter2)DATABASE_URL must lead .*: the password is wrong\. Change user or password/,
    ],
  ])('%s', async (_, env, expected) => {
    expect(await failedStart(env())).toEqual({
      code: 1,
      lastLine: expected instanceof RegExp ? (expect.stringMatching(expected) as string) : expected,
    });
  });
});
