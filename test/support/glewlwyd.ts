import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, isListening } from './free-port';
import { GlewlwydBrowser } from './glewlwyd-browser';
import { temporaryFolder } from './temporary-folder';
import { AUDIENCE } from './tokens';
import { until } from './until';

/** Debian's: of `glewlwyd` and `sqlite3`. */
const PROGRAM = '/usr/bin/glewlwyd';
const MODULES = '/usr/lib/glewlwyd';
const DATABASE = '/usr/bin/sqlite3';
const SCHEMA = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3';
/** What its schema makes. */
const ADMINISTRATOR = { username: 'admin', password: 'password' };
const PASSWORD = 'a password of tests';
const PLUGIN = 'oidc';
/** No page is there: only where it is sent to counts. */
const PAGES = { callback: 'https://app.example/callback', bye: 'https://app.example/bye' };

export const hasGlewlwyd = (): boolean =>
  [PROGRAM, DATABASE, SCHEMA].every((file) => existsSync(file));

export interface GlewlwydClient {
  readonly id: string;
  /** Where logout tokens are sent. */
  readonly backchannelLogoutUri: string;
  /** Whether they have `sid` beside `sub`. */
  readonly hasSessionIds: boolean;
}

/**
 * An OpenID provider that is not of Node: Glewlwyd, with SQLite. All that it needs is in a folder of
 * its own; any user may start it. Its access tokens are JWTs with `typ: at+jwt`, without a session.
 */
export class Glewlwyd {
  private readonly folder = temporaryFolder();
  private readonly administrator: GlewlwydBrowser;
  private child: ChildProcess | undefined;

  private constructor(private readonly port: number) {
    this.administrator = this.newBrowser();
  }

  /** @param users who may log in. */
  static async start(users: readonly string[]): Promise<Glewlwyd> {
    const provider = new Glewlwyd(await freePort());
    await provider.launch();
    await provider.administrator.signIn(ADMINISTRATOR);
    await provider.addPlugin();
    for (const user of users) await provider.addUser(user);
    return provider;
  }

  get issuer(): string {
    return `${this.api}/${PLUGIN}`;
  }

  /** A user in a browser of its own, signed in. */
  async browser(username: string): Promise<GlewlwydBrowser> {
    const browser = this.newBrowser();
    await browser.signIn({ username, password: PASSWORD });
    return browser;
  }

  async register({ id, backchannelLogoutUri, hasSessionIds }: GlewlwydClient): Promise<void> {
    await this.administrator.send('POST', '/client/', {
      client_id: id,
      enabled: true,
      confidential: false,
      redirect_uri: [PAGES.callback],
      post_logout_redirect_uri: PAGES.bye,
      authorization_type: ['code', 'refresh_token'],
      token_endpoint_auth_method: ['none'],
      resource: [AUDIENCE],
      backchannel_logout_uri: backchannelLogoutUri,
      backchannel_logout_session_required: String(hasSessionIds),
    });
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    this.folder.remove();
  }

  private get api(): string {
    return `http://127.0.0.1:${this.port}/api`;
  }

  private newBrowser(): GlewlwydBrowser {
    return new GlewlwydBrowser(this.api, PLUGIN, PAGES.callback);
  }

  private async launch(): Promise<void> {
    const { path } = this.folder;
    const input = `PRAGMA synchronous=OFF;\n${readFileSync(SCHEMA, 'utf8')}`;
    execFileSync(DATABASE, [join(path, 'glewlwyd.db')], { input });
    writeFileSync(join(path, 'glewlwyd.conf'), this.configuration());
    const log = openSync(join(path, 'glewlwyd.log'), 'w');
    const child = spawn(PROGRAM, ['-c', join(path, 'glewlwyd.conf')], {
      stdio: ['ignore', log, log],
    });
    closeSync(log); // the child has its own
    this.child = child;
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`Glewlwyd did not start: ${this.log()}`);
      return isListening(this.port);
    });
  }

  private configuration(): string {
    return [
      `port=${this.port}`,
      'bind_address="127.0.0.1"',
      `external_url="http://127.0.0.1:${this.port}"`,
      'cookie_domain="127.0.0.1"',
      'cookie_secure=0',
      'log_mode="console"',
      'log_level="WARNING"',
      `user_module_path="${MODULES}/user"`,
      `client_module_path="${MODULES}/client"`,
      `user_auth_scheme_module_path="${MODULES}/scheme"`,
      `plugin_module_path="${MODULES}/plugin"`,
      `database = { type = "sqlite3"; path = "${join(this.folder.path, 'glewlwyd.db')}"; };`,
      '',
    ].join('\n');
  }

  private async addPlugin(): Promise<void> {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = { ...privateKey.export({ format: 'jwk' }), kid: 'first', alg: 'ES256' };
    await this.administrator.send('POST', '/mod/plugin/', {
      module: 'oidc',
      name: PLUGIN,
      display_name: PLUGIN,
      enabled: true,
      parameters: {
        iss: this.issuer,
        'jwt-type': 'ecdsa',
        'jwt-key-size': '256',
        'jwks-private': JSON.stringify({ keys: [key] }),
        'default-kid': key.kid,
        'code-duration': 600,
        'access-token-duration': 600,
        'refresh-token-duration': 3600,
        'auth-type-code-enabled': true,
        'auth-type-refresh-enabled': true,
        'session-management-allowed': true,
        'session-cookie-name': 'SESSION',
        'session-cookie-expiration': 3600,
        'back-channel-logout-allowed': true,
        'resource-allowed': true,
        'resource-client-property': 'resource',
        'resource-scope': {},
      },
    });
  }

  private async addUser(username: string): Promise<void> {
    await this.administrator.send('POST', '/user/', {
      username,
      name: username,
      enabled: true,
      password: PASSWORD,
      scope: ['openid'],
    });
  }

  private log(): string {
    return readFileSync(join(this.folder.path, 'glewlwyd.log'), 'utf8');
  }
}
