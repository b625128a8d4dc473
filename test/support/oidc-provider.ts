import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes, type JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fetchOnce } from './fetch-once';
import { freePort } from './free-port';
import { AUDIENCE } from './tokens';
import { until } from './until';

const PROGRAM = join(__dirname, 'oidc-provider-program.mjs');
/** No page is there: only where it is sent to counts. */
const REDIRECT_URI = 'https://app.example/callback';
const MOST_REDIRECTS = 10;

/** A client that is registered there. */
export interface ProviderClient {
  readonly id: string;
  /** Where logout tokens are sent; none are sent where it is absent. */
  readonly backchannelLogoutUri?: string;
  /** Whether its logout tokens have `sid` beside `sub`. @defaultValue true */
  readonly hasSessionIds?: boolean;
}

/** A private key with `kid` and `alg`, as a JWK. */
export type SigningJwk = JsonWebKey & { readonly kid: string; readonly alg: string };

export interface ProviderSettings {
  readonly clients: readonly ProviderClient[];
  /** @defaultValue a free one; a provider that starts anew has the one that it had */
  readonly port?: number;
  /** The first one signs, all are published. @defaultValue one of P-256 */
  readonly keys?: readonly SigningJwk[];
  /** What its access tokens are for. */
  readonly audience?: string;
  /** @defaultValue 600 */
  readonly accessTokenSeconds?: number;
  /** Where its program is. @defaultValue beside this module; a compiled copy must be told */
  readonly program?: string;
}

/** What a login gave the client. Access tokens are JWTs, with `sid` and `auth_time`. */
export interface ProviderTokens {
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken: string;
}

/** A logout token that was sent, and its answer. Instants are those of its process. */
export interface SentLogout {
  readonly url: string;
  readonly logoutToken: string;
  readonly status: number;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

export function signingJwk(kid: string): SigningJwk {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: 'ES256' };
}

/** An OpenID provider, `oidc-provider`, in a process of its own. It forgets all when it stops. */
export class OidcProvider {
  private constructor(
    private readonly child: ChildProcess,
    readonly issuer: string,
    readonly port: number,
    /** What was sent until now, in the order of the answers. */
    readonly sent: readonly SentLogout[],
  ) {}

  static async start(settings: ProviderSettings): Promise<OidcProvider> {
    const { clients, keys = [signingJwk('first')], audience = AUDIENCE } = settings;
    const { program = PROGRAM } = settings;
    const port = settings.port ?? (await freePort());
    const SETTINGS = JSON.stringify({
      port,
      clients: clients.map(registered),
      jwks: { keys: keys.map((key) => ({ use: 'sig', ...key })) },
      audience,
      accessTokenSeconds: settings.accessTokenSeconds ?? 600,
    });
    const { PATH } = process.env;
    const child = spawn(process.execPath, [program], {
      env: { PATH, SETTINGS },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const stderr = text(child.stderr!);
    const started = once(child, 'message') as Promise<[{ readonly issuer: string }]>;
    const ended = once(child, 'exit').then((): [undefined] => [undefined]);
    const [said] = await Promise.race([started, ended]);
    if (said === undefined) throw new Error(`The provider did not start: ${await stderr}`);
    const sent: SentLogout[] = [];
    child.on('message', (message) => sent.push(message as SentLogout));
    return new OidcProvider(child, said.issuer, port, sent);
  }

  /** A user in a browser of its own. */
  browser(): ProviderBrowser {
    return new ProviderBrowser(this.issuer);
  }

  /** Its public keys, as it publishes them (RFC 7517 §5). */
  async publicKeys(): Promise<readonly SigningJwk[]> {
    const response = await fetchOnce(`${this.issuer}/jwks`);
    return ((await response.json()) as { keys: readonly SigningJwk[] }).keys;
  }

  /** The logout tokens that were sent, once there are so many. */
  async sentLogouts(count: number): Promise<readonly SentLogout[]> {
    await until(() => this.sent.length >= count);
    return this.sent;
  }

  async stop(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }
}

/** A browser with a session at the provider, once somebody has logged in with it. */
export class ProviderBrowser {
  private readonly cookies = new Map<string, string>();

  constructor(private readonly issuer: string) {}

  /** Logs in to a client, by the authorization code flow with PKCE (RFC 7636). */
  async logIn(clientId: string, subject: string): Promise<ProviderTokens> {
    const verifier = randomBytes(32).toString('base64url');
    const asked = new URL('/auth', this.issuer);
    asked.search = new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid api',
      login_hint: subject,
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    }).toString();
    const code = await this.follow(asked);
    return this.tokens({
      client_id: clientId,
      grant_type: 'authorization_code',
      code,
      redirect_uri: REDIRECT_URI,
      code_verifier: verifier,
    });
  }

  /** New tokens of the same login. */
  refresh(clientId: string, { refreshToken }: ProviderTokens): Promise<ProviderTokens> {
    return this.tokens({
      client_id: clientId,
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
    });
  }

  /** Ends the session there (RP-Initiated Logout 1.0); answered once all logout tokens were. */
  async logOut({ idToken }: ProviderTokens): Promise<void> {
    const asked = new URL('/session/end', this.issuer);
    asked.searchParams.set('id_token_hint', idToken);
    const page = await (await this.send(asked)).text();
    const xsrf = /name="xsrf" value="(\w+)"/.exec(page)?.[1] ?? '';
    const body = new URLSearchParams({ xsrf, logout: 'yes' });
    const { status } = await this.send(new URL('/session/end/confirm', this.issuer), body);
    if (status !== 303) throw new Error(`The logout was answered ${status}.`);
  }

  /** @returns the code that the client is given. */
  private async follow(first: URL): Promise<string> {
    let url = first;
    for (let step = 0; step < MOST_REDIRECTS && !url.href.startsWith(REDIRECT_URI); step += 1) {
      const response = await this.send(url);
      const location = response.headers.get('location');
      if (location === null) throw new Error(`${url.href}: ${await response.text()}`);
      url = new URL(location, url);
    }
    const code = url.searchParams.get('code');
    if (code === null) throw new Error(`The login was refused: ${url.href}`);
    return code;
  }

  private async tokens(parameters: Readonly<Record<string, string>>): Promise<ProviderTokens> {
    const response = await this.send(
      new URL('/token', this.issuer),
      new URLSearchParams(parameters),
    );
    if (response.status !== 200) throw new Error(await response.text());
    const { access_token, id_token, refresh_token } = (await response.json()) as Record<
      string,
      string
    >;
    return {
      accessToken: access_token ?? '',
      idToken: id_token ?? '',
      refreshToken: refresh_token ?? '',
    };
  }

  private async send(url: URL, body?: URLSearchParams): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetchOnce(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(body !== undefined && { method: 'POST', body }),
    });
    for (const each of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
      this.cookies.set(name, value);
    }
    return response;
  }
}

const registered = ({ id, backchannelLogoutUri, hasSessionIds = true }: ProviderClient) => ({
  client_id: id,
  token_endpoint_auth_method: 'none',
  redirect_uris: [REDIRECT_URI],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  id_token_signed_response_alg: 'ES256',
  ...(backchannelLogoutUri !== undefined && {
    backchannel_logout_uri: backchannelLogoutUri,
    backchannel_logout_session_required: hasSessionIds,
  }),
});
