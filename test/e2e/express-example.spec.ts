import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import jwt from 'jsonwebtoken';
import request, { type Test } from 'supertest';
import { createDatabase } from '../support/database';
import { TypescriptProcess } from '../support/typescript-process';

const LOGGED_OUT = '{"message":"Logged out successfully"}';
const GRANTED = '{"message":"Access granted"}';
const REFUSED = '{"error":"Invalid token"}';
const JWT_SECRET = `example-${randomUUID()}`;

/** A token as any issuer with the secret would sign it; no two are the same. */
function token(options: jwt.SignOptions = {}): string {
  return jwt.sign({ sub: 'ada' }, JWT_SECRET, {
    expiresIn: '10m',
    jwtid: randomUUID(),
    ...options,
  });
}

/** The example, as `npm run example:express` runs it. */
class Example {
  private constructor(
    readonly process: TypescriptProcess,
    readonly greeting: string,
  ) {}

  static launch(env: NodeJS.ProcessEnv): TypescriptProcess {
    return new TypescriptProcess("require('./examples/express/main');", env);
  }

  static async start(env: NodeJS.ProcessEnv = {}): Promise<Example> {
    const started = Example.launch({ PORT: '0', JWT_SECRET, ...env });
    return new Example(started, (await started.firstLine()) ?? '');
  }

  get url(): string {
    const port = /127\.0\.0\.1:(\d+)/.exec(this.greeting)?.[1];
    return `http://127.0.0.1:${port ?? 'nowhere'}`;
  }

  logout(body: string | object): Test {
    return request(this.url).post('/logout').type('json').send(body);
  }

  protected(bearer?: string): Test {
    const test = request(this.url).get('/protected');
    return bearer === undefined ? test : test.set('Authorization', `Bearer ${bearer}`);
  }
}

describe('The Express example', () => {
  let example: Example;
  beforeAll(async () => {
    example = await Example.start();
  });
  afterAll(() => example.process.kill());

  it('says where it listens', () => {
    expect(example.greeting).toMatch(
      /^Listening on http:\/\/127\.0\.0\.1:\d+: POST \/logout, GET \/protected$/,
    );
  });

  it('grants access until the logout, and not after it', async () => {
    const bearer = token();
    await example.protected(bearer).expect(200, GRANTED);
    await example.logout({ token: bearer }).expect(200, LOGGED_OUT);
    await example.protected(bearer).expect(401, REFUSED);
    await example.logout({ token: bearer }).expect(400, REFUSED);
  });

  it.each([
    ['a missing token', {}],
    ['a bad token', { token: 'x.y.z' }],
    ['an expired token', { token: token({ expiresIn: -1 }) }],
    ['a token of another key', { token: jwt.sign({ sub: 'ada' }, 'x'.repeat(32)) }],
    ['malformed JSON', '{"token":'],
    ['a list', []],
  ])('refuses to log out %s', async (_what, body) => {
    await example.logout(body).expect(400, REFUSED);
  });

  it.each([
    ['no token', undefined],
    ['a bad token', 'x.y.z'],
    ['an expired token', token({ expiresIn: -1 })],
  ])('grants no access with %s', async (_what, bearer) => {
    await example.protected(bearer).expect(401, REFUSED);
  });
});

describe('The life of the Express example', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends in order at %s', async (signal) => {
    const { process } = await Example.start();
    process.signal(signal);
    const { code, stderr } = await process.ending();
    expect(code).toBe(0);
    expect(stderr).toBe(
      'No DATABASE_URL: revocations are kept in memory, and forgotten at a restart.\n',
    );
  });

  it.each([
    ['without a secret', {}, /^JWT_SECRET must have at least 32 bytes\. .+\n$/],
    ['with a short secret', { JWT_SECRET: 'x'.repeat(31) }, /^JWT_SECRET must have at least 32/],
    ['with a bad port', { JWT_SECRET, PORT: 'x' }, /^PORT must be a whole number from 0 to 65535/],
    [
      'without its database',
      { JWT_SECRET, DATABASE_URL: 'postgres://127.0.0.1:1/none' },
      /^The revocation store could not open\. \(.+\)\n$/,
    ],
  ])('stops with one sentence %s', async (_what, env, sentence) => {
    const { code, stdout, stderr } = await Example.launch({ PORT: '0', ...env }).ending();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(sentence);
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  it('stops with a sentence when its port is taken', async () => {
    const other = createServer().listen(0);
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await Example.launch({ JWT_SECRET, PORT: String(port) }).ending();
    other.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(/EADDRINUSE[^\n]+\n$/);
  });

  it('remembers its logouts on PostgreSQL, over a restart', async () => {
    const database = await createDatabase();
    const bearer = token();
    const first = await Example.start({ DATABASE_URL: database.url });
    await first.logout({ token: bearer }).expect(200, LOGGED_OUT);
    first.process.signal('SIGTERM');
    expect(await first.process.ending()).toMatchObject({ code: 0, stderr: '' });

    const second = await Example.start({ DATABASE_URL: database.url });
    try {
      await second.protected(bearer).expect(401, REFUSED);
      await second.protected(token()).expect(200, GRANTED);
    } finally {
      await second.process.kill();
      await database.drop();
    }
  });
});
