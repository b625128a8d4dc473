import assert from 'node:assert/strict';

/** The documented answers, to the byte. */
export const DOCUMENTED = {
  loggedOut: { status: 200, body: '{"success":true,"message":"Sesión cerrada exitosamente"}' },
  refused: { status: 401, body: '{"success":false,"message":"Token no proporcionado o inválido"}' },
  unknown: { status: 500, body: '{"success":false,"message":"Error interno del servidor"}' },
  badRequest: { status: 400, body: '{"success":false,"message":"Solicitud inválida"}' },
  tooMany: { status: 429, body: '{"success":false,"message":"Demasiadas solicitudes"}' },
};

/** A client that knows a host only by its URL. */
export class HttpClient {
  constructor(url, { login = '/login', me = '/me', logout = '/api/v1/auth/logout' } = {}) {
    this.url = url;
    this.paths = { login, me, logout };
  }

  async request(method, path, { token, body, type = 'application/json' } = {}) {
    const headers = {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': type }),
    };
    const signal = AbortSignal.timeout(10_000);
    const response = await fetch(this.url + path, { method, headers, body, signal });
    const what = `${method} ${path}`;
    return {
      what,
      status: response.status,
      headers: response.headers,
      body: await response.text(),
    };
  }

  get(path, token) {
    return this.request('GET', path, { token });
  }

  async login(credentials, path = this.paths.login) {
    const answer = await this.request('POST', path, { body: JSON.stringify(credentials) });
    assert.equal(answer.status, 200, `${answer.what}: ${answer.body}`);
    return JSON.parse(answer.body).accessToken;
  }

  me(token) {
    return this.get(this.paths.me, token);
  }

  logout(token) {
    return this.request('POST', this.paths.logout, { token, body: JSON.stringify({ token }) });
  }

  logoutWith(body) {
    return this.request('POST', this.paths.logout, { body });
  }
}

/** The answer has this status and, byte for byte, this body. */
export function assertAnswer(answer, { status, body }) {
  const { what } = answer;
  assert.deepEqual({ what, status: answer.status, body: answer.body }, { what, status, body });
}

/** The answer is the documented one, with the headers that go with it. */
export function assertDocumented(answer, { status, body }, headers = {}) {
  assertAnswer(answer, { status, body });
  const expected = {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    ...headers,
  };
  for (const [name, value] of Object.entries(expected))
    assert.equal(answer.headers.get(name), value, `${answer.what}: ${name}`);
}

/** The host's health check has found that tokens can be checked. */
export async function assertHealthy(client) {
  const { what, status, body } = await client.get('/health');
  const { info } = JSON.parse(body);
  assert.deepEqual(
    { what, status, logout: info?.logout?.status },
    { what, status: 200, logout: 'up' },
  );
}
