import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { openApi } from '../../src/service/documentation';
import { readEnvironment } from '../../src/service/environment';
import { startService, type Service } from '../../src/service/service';
import request from 'supertest';
import { DOCUMENTED, LOGOUT, PLATFORMS } from '../support/app';
import { createDatabase, type TestDatabase } from '../support/database';
import { AUDIENCE, ISSUER, TestIssuer } from '../support/tokens';
import { temporaryFolder } from '../support/temporary-folder';
import { TypescriptProcess } from '../support/typescript-process';
import { exchange, head } from '../support/wire';

const issuer = new TestIssuer();

/** The origins of the web pages that may use the service. */
const PAGES = 'https://app.example,https://admin.example';

/** What every service of this suite is told, but for what a test is about. */
const environment = (databaseUrl: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PORT: '0',
  DATABASE_URL: databaseUrl,
  JWT_SECRET: issuer.key,
  JWT_ISSUER: ISSUER,
  JWT_AUDIENCE: AUDIENCE,
  THROTTLE_LIMIT: '10000',
  LOG_LEVEL: 'error',
  ...more,
});

describe.each(PLATFORMS)('The service on %s', (platform) => {
  let database: TestDatabase;
  let service: Service;
  beforeAll(async () => {
    database = await createDatabase();
    service = await startService(
      readEnvironment(environment(database.url, { PLATFORM: platform, CORS_ORIGINS: PAGES })),
    );
  });
  afterAll(async () => {
    await service.stop();
    await database.drop();
  });
  const ask = () => request(service.url);
  const bearer = (token: string): string => `Bearer ${token}`;

  it('lets a token in, logs it out, refuses it, and has the audit row', async () => {
    const token = issuer.token({ jti: `trial-${platform}` });
    const me = () => ask().get('/api/v1/auth/me').set('Authorization', bearer(token));
    await me().expect(200).expect('Cache-Control', 'no-store');
    await ask()
      .post(LOGOUT)
      .set('Authorization', bearer(token))
      .send({ token })
      .expect(200, DOCUMENTED.loggedOut);
    await me().expect(401, DOCUMENTED.refused);
    const rows = await database.query(
      "SELECT outcome, subject FROM auth_events WHERE event = 'authn_token_revoked' AND token_id = $1",
      [`trial-${platform}`],
    );
    expect(rows).toEqual([{ outcome: 'success', subject: 'ada' }]);
  });

  it('tells a live bearer its claims', async () => {
    const response = await ask()
      .get('/api/v1/auth/me')
      .set('Authorization', bearer(issuer.token({ sub: 'grace', role: 'admin' })));
    expect(response.body).toMatchObject({ sub: 'grace', role: 'admin', iss: ISSUER });
  });

  it.each(['/nowhere', '/api/v1/auth/nowhere', '/health'])('answers %s with 404', async (path) => {
    await ask().get(path).expect(404, '{"success":false,"message":"No encontrado"}');
  });

  it('is live and ready', async () => {
    await ask().get('/health/live').expect(200, { status: 'ok' });
    const ready = await ask().get('/health/ready').expect(200);
    expect(ready.body).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['a logout', 'post', LOGOUT],
    ['what the gate refuses', 'get', LOGOUT],
    ['a protected route', 'get', '/api/v1/auth/me'],
    ['health', 'get', '/health/live'],
    ['metrics', 'get', '/metrics'],
  ] as const)('sends security headers with %s, and nothing about itself', async (_, verb, path) => {
    const { headers } = await ask()[verb](path);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
    });
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  it.each(PAGES.split(','))('is open to pages of %s, which CORS_ORIGINS lists', async (origin) => {
    const preflight = await ask()
      .options(LOGOUT)
      .set({ Origin: origin, 'Access-Control-Request-Method': 'POST' })
      .set('Access-Control-Request-Headers', 'authorization,content-type')
      .expect(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-allow-methods': expect.stringContaining('POST') as string,
      vary: expect.stringContaining('Origin') as string,
    });
    for (const path of [LOGOUT, '/api/v1/auth/me', '/nowhere', '/health/live']) {
      const { headers } = await ask().get(path).set('Origin', origin);
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        vary: expect.stringContaining('Origin') as string,
      });
    }
  });

  it.each(['https://app.example.test', 'https://app.example:8443', 'http://app.example', 'null'])(
    'is closed to pages of %s',
    async (origin) => {
      const preflight = { Origin: origin, 'Access-Control-Request-Method': 'POST' };
      for (const answer of [
        await ask().options(LOGOUT).set(preflight).expect(204),
        await ask().post(LOGOUT).set('Origin', origin).expect(401),
      ])
        expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    },
  );

  it('documents itself at /docs', async () => {
    await ask().get('/').expect(302).expect('Location', '/docs');
    await ask().get('/docs').expect(200).expect('Content-Type', /html/);
    await ask()
      .get('/docs/page.js')
      .expect(200)
      .expect('Content-Type', /javascript/);
    await ask().get('/docs-yaml').expect(404);
    await ask()
      .get('/docs-json')
      .expect(
        200,
        JSON.parse(
          JSON.stringify(openApi({ messages: undefined, expiredStatus: undefined })),
        ) as object,
      );
  });

  it('gives no token away: the key is a real issuer’s', async () => {
    expect(service.quickStart).toBeUndefined();
    const { text: script } = await ask().get('/docs/swagger-ui-init.js').expect(200);
    expect(script).not.toMatch(/eyJ|x-trial-token/);
  });

  it('believes no proxy that it was not told to trust', async () => {
    const token = issuer.token({ jti: `proxy-${platform}` });
    await ask()
      .post(LOGOUT)
      .set({ Authorization: bearer(token), 'X-Forwarded-For': '198.51.100.9' })
      .send({ token });
    const rows = await database.query(
      'SELECT host(ip) AS ip FROM auth_events WHERE token_id = $1',
      [`proxy-${platform}`],
    );
    expect(rows).toEqual([{ ip: '127.0.0.1' }]);
  });
});

describe.each(PLATFORMS)('The service behind a trusted proxy, in production, on %s', (platform) => {
  let database: TestDatabase;
  const start = (more: NodeJS.ProcessEnv): Promise<Service> =>
    startService(
      readEnvironment(
        environment(database.url, { PLATFORM: platform, NODE_ENV: 'production', ...more }),
      ),
    );
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  it.each(['1', '127.0.0.0/8'])(
    'serves what came over TLS alone, with TRUST_PROXY=%s',
    async (TRUST_PROXY) => {
      const service = await start({ TRUST_PROXY });
      const statusWith = async (...lines: string[]): Promise<number> =>
        (await exchange(service.url, head('GET /health/live', ...lines))).status;
      const proto = (value: string) => `X-Forwarded-Proto: ${value}`;
      for (const one of ['https', 'HTTPS', 'Https'])
        expect([one, await statusWith(proto(one))]).toEqual([one, 200]);
      for (const value of [
        'http',
        'HTTP',
        'ws',
        'wss',
        'http,https',
        'https,http',
        'https,https',
        '',
      ])
        expect([value, await statusWith(proto(value))]).toEqual([value, 403]);
      expect(await statusWith()).toBe(403);
      expect(await statusWith(proto('https'), proto('http'))).toBe(403);
      expect(await statusWith(proto('http'), proto('https'))).toBe(403);
      await request(service.url)
        .get('/health/live')
        .expect(403, '{"success":false,"message":"Solicitud inválida"}');
      await service.stop();
    },
  );

  it('believes no TLS that a client outside the trusted networks claims', async () => {
    const service = await start({ TRUST_PROXY: '10.0.0.0/8' });
    await request(service.url).get('/health/live').set('X-Forwarded-Proto', 'https').expect(403);
    await service.stop();
  });

  it('asks no TLS of probes on the port for operations', async () => {
    const service = await start({ TRUST_PROXY: '1', OPERATIONS_PORT: '0' });
    await request(service.operationsUrl).get('/health/live').expect(200, { status: 'ok' });
    await request(service.url).get('/api/v1/auth/me').expect(403);
    await service.stop();
  });

  it('takes plain http with ALLOW_HTTP=true', async () => {
    const service = await start({ TRUST_PROXY: '1', ALLOW_HTTP: 'true' });
    await request(service.url).get('/health/live').set('X-Forwarded-Proto', 'http').expect(200);
    await service.stop();
  });

  it('audits the address that the proxy tells', async () => {
    const service = await start({ TRUST_PROXY: '1' });
    const token = issuer.token({ jti: `forwarded-${platform}` });
    await request(service.url)
      .post(LOGOUT)
      .set({ Authorization: `Bearer ${token}`, 'X-Forwarded-Proto': 'https' })
      .set('X-Forwarded-For', '203.0.113.5, 198.51.100.9')
      .send({ token })
      .expect(200);
    const rows = await database.query(
      'SELECT host(ip) AS ip FROM auth_events WHERE token_id = $1',
      [`forwarded-${platform}`],
    );
    expect(rows).toEqual([{ ip: '198.51.100.9' }]);
    await service.stop();
  });
});

describe.each(PLATFORMS)('With OPERATIONS_PORT on %s, the service', (platform) => {
  const OPERATIONS = ['/health/live', '/health/ready', '/metrics', '/docs', '/docs-json'];
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  it('answers operators there, and clients here', async () => {
    const service = await startService(
      readEnvironment(environment(database.url, { PLATFORM: platform, OPERATIONS_PORT: '0' })),
    );
    const notFound = '{"success":false,"message":"No encontrado"}';
    for (const path of OPERATIONS) {
      await request(service.operationsUrl).get(path).expect(200);
      await request(service.url).get(path).expect(404, notFound);
    }
    for (const path of ['/HEALTH/live', '//metrics', '/%6detrics', '/docs/', '/docs/index.html'])
      expect([path, (await request(service.url).get(path)).status]).toEqual([path, 404]);
    const token = issuer.token();
    await request(service.operationsUrl).post(LOGOUT).send({ token }).expect(404, notFound);
    await request(service.operationsUrl).get('/api/v1/auth/me').expect(404, notFound);
    const bearer = `Bearer ${token}`;
    await request(service.url).get('/api/v1/auth/me').set('Authorization', bearer).expect(200);
    const { text, headers } = await request(service.operationsUrl).get('/metrics');
    expect(text).toContain('nestjs_logout_refusals_total');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
    await service.stop();
    for (const url of [service.url, service.operationsUrl])
      await expect(request(url).get('/health/live')).rejects.toThrow('ECONNREFUSED');
  });

  it('leaves nothing running when that port is taken', async () => {
    const first = await startService(readEnvironment(environment(database.url)));
    const taken = new URL(first.url).port;
    const second = environment(database.url, { PLATFORM: platform, OPERATIONS_PORT: taken });
    await expect(startService(readEnvironment(second))).rejects.toThrow('EADDRINUSE');
    await first.stop();
  });
});

describe('The service and its database', () => {
  it('does not start without it, and says so', async () => {
    const unreachable = 'postgres://nobody@127.0.0.1:1/none';
    await expect(startService(readEnvironment(environment(unreachable)))).rejects.toThrow(
      /^DATABASE_URL must lead to .*, got nobody@127\.0\.0\.1:1\/none: nothing listens there\./,
    );
  });
});

describe('The process', () => {
  const PROGRAM = `require('./src/main.ts');`;
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  it('stops with a sentence for a bad setting, and shows no stack', async () => {
    const ending = await new TypescriptProcess(PROGRAM, { PORT: 'x' }).ending();
    expect(ending).toEqual({
      code: 1,
      stdout: '',
      stderr: 'PORT must be a whole number from 0 to 65535.\n',
    });
  });

  it('warns at the start of what is not checked, and of variables that it does not know', async () => {
    const more = { JWT_AUDIENCE: '', JWT_TTL: '60', MAX_LIFETIME_SECONDS: '60' };
    const service = new TypescriptProcess(PROGRAM, {
      ...environment(database.url, more),
      LOG_LEVEL: 'warn',
    });
    await service.lineWith('JWT_TTL');
    service.signal('SIGTERM');
    const { stdout } = await service.ending();
    expect(stdout).toContain('"level":"warn"');
    expect(stdout).toContain('"JWT_AUDIENCE is not set, so not checked."');
    expect(stdout).toContain('"JWT_TTL: ignored. It is no variable of this service; ');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes the request in flight at %s',
    async (signal) => {
      const service = new TypescriptProcess(PROGRAM, environment(database.url));
      const line = await service.firstLine();
      const url = new URL(LOGOUT, /http:\S+\d/.exec(line ?? '')?.[0]);
      const token = issuer.token();
      const body = JSON.stringify({ token });
      const inFlight = httpRequest(url, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${token}`,
          'Content-Type': 'application/json',
          'Content-Length': body.length,
          Expect: '100-continue',
        },
      });
      inFlight.flushHeaders();
      await once(inFlight, 'continue');
      inFlight.write(body.slice(0, 10));
      // One that asks nothing: it may be cut off, and must not delay the end.
      const unasked = connect(Number(url.port), url.hostname).on('error', () => undefined);
      await once(unasked, 'connect');
      service.signal(signal);
      const refused = await untilRefused(Number(url.port));
      inFlight.end(body.slice(10));
      const [response] = (await once(inFlight, 'response')) as [
        import('node:http').IncomingMessage,
      ];
      const [answer] = (await once(createInterface({ input: response }), 'line')) as string[];
      expect({ refused, status: response.statusCode, answer }).toEqual({
        refused: true,
        status: 200,
        answer: DOCUMENTED.loggedOut,
      });
      expect((await service.ending()).code).toBe(0);
    },
  );

  it('starts a database and a key of its own, prints a quick start, and leaves nothing running', async () => {
    const folder = temporaryFolder();
    const service = new TypescriptProcess(PROGRAM, {
      PORT: '0',
      DATA_DIR: folder.path,
      LOG_LEVEL: 'error',
    });
    await service.firstLine();
    service.signal('SIGTERM');
    const { code, stdout, stderr } = await service.ending();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^TOKEN=eyJ[\w-]+\.[\w-]+\.[\w-]+$/m);
    expect(stdout).toContain('/api/v1/auth/me');
    expect(stdout).toContain(`DATA_DIR='${folder.path}' npm`);
    folder.remove();
  });
});

/** Resolves to `true` once no process accepts connections on the port any more. */
async function untilRefused(port: number): Promise<boolean> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const outcome = await Promise.race([
      once(socket, 'connect').then(() => 'connected'),
      once(socket, 'error').then(() => 'refused'),
    ]).catch(() => 'refused');
    socket.destroy();
    if (outcome === 'refused') return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
