import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchOnce } from './fetch-once';
import { freePort, isListening } from './free-port';
import { temporaryFolder } from './temporary-folder';
import { until } from './until';

/** Debian's: of `apache2` and of `libapache2-mod-auth-openidc`. */
const PROGRAM = '/usr/sbin/apache2';
const MODULES = '/usr/lib/apache2/modules';
/** What it answers with, beside 200. */
const PAGE = 'let in';
const NEEDED = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'auth_openidc'];

export const hasApache = (): boolean =>
  [PROGRAM, ...NEEDED.map(fileOf)].every((file) => existsSync(file));

const fileOf = (module: string): string => join(MODULES, `mod_${module}.so`);

/**
 * Apache with mod_auth_openidc as a resource server: one page, for requests with a good bearer token.
 * All that it needs is in a folder of its own; any user may start it.
 */
export class ApacheResourceServer {
  private readonly folder = temporaryFolder();
  private child: ChildProcess | undefined;

  private constructor(private readonly port: number) {}

  /** @param directives how it checks tokens. */
  static async start(directives: readonly string[]): Promise<ApacheResourceServer> {
    const server = new ApacheResourceServer(await freePort());
    await server.launch(directives);
    return server;
  }

  /** @returns the status of the page, for a request with this token or with none. */
  async get(token?: string): Promise<number> {
    const headers = token === undefined ? undefined : { Authorization: `Bearer ${token}` };
    const response = await fetchOnce(`http://127.0.0.1:${this.port}/page.txt`, { headers });
    const body = await response.text();
    if (response.ok && body !== PAGE) throw new Error(`Not the page: ${body}`);
    return response.status;
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM'); // its children end with it
      await once(child, 'exit');
    }
    this.folder.remove();
  }

  private async launch(directives: readonly string[]): Promise<void> {
    const { path } = this.folder;
    mkdirSync(join(path, 'pages'));
    writeFileSync(join(path, 'pages', 'page.txt'), PAGE);
    writeFileSync(join(path, 'apache.conf'), this.configuration(directives));
    const child = spawn(PROGRAM, ['-f', join(path, 'apache.conf'), '-DFOREGROUND'], {
      stdio: 'ignore',
    });
    this.child = child;
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`Apache did not start: ${this.log()}`);
      return isListening(this.port);
    });
  }

  private configuration(directives: readonly string[]): string {
    const { path } = this.folder;
    return [
      `ServerRoot ${path}`,
      'ServerName localhost',
      `Listen 127.0.0.1:${this.port}`,
      `PidFile ${join(path, 'apache.pid')}`,
      `DefaultRuntimeDir ${path}`,
      `ErrorLog ${join(path, 'error.log')}`,
      ...NEEDED.map((module) => `LoadModule ${module}_module ${fileOf(module)}`),
      // Started by root it serves as another user, as it asks for.
      ...(process.getuid?.() === 0 ? ['User nobody', 'Group nogroup'] : []),
      'StartServers 1',
      `OIDCCryptoPassphrase ${randomUUID()}`,
      ...directives,
      `DocumentRoot ${join(path, 'pages')}`,
      '<Location />',
      '  AuthType oauth20',
      '  Require valid-user',
      '</Location>',
      '',
    ].join('\n');
  }

  private log(): string {
    const file = join(this.folder.path, 'error.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : 'it wrote no log';
  }
}
