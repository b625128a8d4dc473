import { decodeJwt } from 'jose';
import { fetchOnce } from './fetch-once';
import { AUDIENCE } from './tokens';

/** What a login gave the client. */
export interface GlewlwydTokens {
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken: string;
}

/** A browser at a Glewlwyd; it says itself what its pages would, by their requests. */
export class GlewlwydBrowser {
  private readonly cookies = new Map<string, string>();

  constructor(
    private readonly api: string,
    private readonly plugin: string,
    private readonly callback: string,
  ) {}

  async signIn(credentials: { username: string; password: string }): Promise<void> {
    await this.send('POST', '/auth/', credentials);
  }

  /** Consents, and logs in to a public client by the authorization code flow. */
  async logIn(clientId: string): Promise<GlewlwydTokens> {
    await this.send('PUT', `/auth/grant/${clientId}`, { scope: 'openid' });
    const asked = new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      redirect_uri: this.callback,
      scope: 'openid',
      nonce: 'a nonce of tests',
      resource: AUDIENCE,
    });
    const response = await this.send('GET', `/${this.plugin}/auth?${asked.toString()}&g_continue`);
    const location = response.headers.get('location') ?? '';
    const code = new URL(location, this.api).searchParams.get('code');
    if (code === null) throw new Error(`The login was refused: ${location}`);
    return this.tokens(clientId, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: this.callback,
      resource: AUDIENCE,
    });
  }

  /** New access tokens of the same login; the refresh token stays. */
  async refresh(clientId: string, { refreshToken }: GlewlwydTokens): Promise<GlewlwydTokens> {
    return this.tokens(clientId, { grant_type: 'refresh_token', refresh_token: refreshToken });
  }

  /** Ends the session there; answered before the logout tokens are sent. */
  async logOut({ idToken }: GlewlwydTokens): Promise<void> {
    const hint = new URLSearchParams({ id_token_hint: idToken });
    await this.send('GET', `/${this.plugin}/end_session?${hint.toString()}`);
    await this.send('DELETE', `/${this.plugin}/session/${String(decodeJwt(idToken)['sid'])}/`);
  }

  /** @throws {Error} the answer is no success and no redirection. */
  async send(method: string, path: string, json?: unknown): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetchOnce(`${this.api}${path}`, {
      method,
      redirect: 'manual',
      headers: { cookie, 'Content-Type': 'application/json' },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
    for (const each of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
      this.cookies.set(name, value);
    }
    if (response.status < 400) return response;
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }

  private async tokens(
    clientId: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<GlewlwydTokens> {
    const body = new URLSearchParams({ client_id: clientId, ...parameters });
    const response = await fetchOnce(`${this.api}/${this.plugin}/token`, { method: 'POST', body });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    const got = (await response.json()) as Record<string, string | undefined>;
    return {
      accessToken: got['access_token'] ?? '',
      idToken: got['id_token'] ?? '',
      refreshToken: got['refresh_token'] ?? '',
    };
  }
}
