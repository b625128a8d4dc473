import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ANY_ISSUE_TIME, AuthModule, JwtAuthGuard, type MultiIssuerOptions } from '../../src';
import { createRevocation } from '../../src/express';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { revocationKey } from '../../src/tokens/identity';
import { signingInputOf } from '../../src/tokens/verification/token-form';
import { adapterFor, DOCUMENTED, PLATFORMS, TestApp } from '../support/app';
import { FaultyStore } from '../support/faulty-store';
import { TestIssuer } from '../support/tokens';

const LOGOUT = { event: 'authn_token_revoked', outcome: 'success' } as const;

/** Claims as a directory writes them for a member of many groups. */
const groups = (count: number) => ({
  groups: Array.from({ length: count }, (_, at) => `${at + 1e7}-1111-2222-3333-444444444444`),
});

describe.each(PLATFORMS)('A token of many groups on %s', (platform) => {
  let app: TestApp;
  afterEach(() => app.close());

  it('is refused above 8 KB by default, and logs no user out', async () => {
    app = await TestApp.start(platform);
    const token = app.issuer.token(groups(200));
    await app.me(token).expect(401, DOCUMENTED.refused);
    await app.logout(token).expect(401, DOCUMENTED.refused);
  });

  it('is accepted and logged out where maxTokenBytes allows it, named in the body too', async () => {
    app = await TestApp.start(platform, { maxTokenBytes: 16_384 });
    const token = app.issuer.token(groups(250));
    expect(token.length).toBeGreaterThan(13_000);
    await app.me(token).expect(200);
    await app.logout(token).expect(200);
    await app.me(token).expect(401);
  });

  it('leaves a body room for 8 KB beside it', async () => {
    app = await TestApp.start(platform, { maxTokenBytes: 12_288 });
    const token = app.issuer.token();
    const body = (bytes: number): string => JSON.stringify({ token }).padEnd(bytes);
    const send = (bytes: number) =>
      app
        .post()
        .set('Authorization', `Bearer ${token}`)
        .set('Content-Type', 'application/json')
        .send(body(bytes));
    await send(20 * 1024 + 1).expect(413);
    await send(20 * 1024).expect(200);
  });
});

describe.each(PLATFORMS)('A function that finds no subject on %s', (platform) => {
  it('refuses the token, and is never a 500', async () => {
    const app = await TestApp.start(platform, {
      subjectClaim: ({ user }) => (user as { id: string }).id,
    });
    const [good, bad] = [app.issuer.token({ user: { id: 'ada' } }), app.issuer.token()];
    await app.me(good).expect(200);
    await app.me(bad).expect(401, DOCUMENTED.refused);
    await app.logout(bad).expect(401, DOCUMENTED.refused);
    await app.logout(good, bad).expect(401, DOCUMENTED.refused);
    await app.logout(good).expect(200);
    await app.close();
  });
});

describe.each(PLATFORMS)('Tokens of several issuers on %s', (platform) => {
  const [a, b] = [new TestIssuer('ES256'), new TestIssuer('HS256')];

  @Controller()
  class MeController {
    @Get('me')
    @UseGuards(JwtAuthGuard)
    me(): string {
      return 'me';
    }
  }

  let app: TestApp;
  beforeAll(async () => {
    const store = new MemoryRevocationStore();
    const options: MultiIssuerOptions = {
      issuers: [
        { issuer: 'a', keys: a.key, algorithms: ['ES256'], audience: null },
        { issuer: 'b', keys: b.key, algorithms: ['HS256'], audience: null },
      ],
      store,
    };
    @Module({ imports: [AuthModule.forRoot(options)], controllers: [MeController] })
    class Host {}
    const nest = await NestFactory.create(Host, adapterFor(platform), { logger: false });
    await nest.listen(0, '127.0.0.1');
    app = new TestApp(nest, a, store);
  });
  afterAll(() => app.close());

  it('are accepted and logged out, each signed by its own issuer', async () => {
    for (const token of [a.token({ iss: 'a' }), b.token({ iss: 'b' })]) {
      await app.me(token).expect(200);
      await app.logout(token).expect(200);
      await app.me(token).expect(401);
    }
  });

  it('are refused where another issuer signed them, and log nobody out', async () => {
    const victim = a.token({ iss: 'a', jti: 'j1' });
    const forged = b.token({ iss: 'a', jti: 'j1' });
    await app.me(forged).expect(401, DOCUMENTED.refused);
    await app.logout(forged).expect(401, DOCUMENTED.refused);
    await app.logout(b.token({ iss: 'b' }), victim).expect(401, DOCUMENTED.refused);
    await app.me(victim).expect(200);
  });
});

describe.each(PLATFORMS)('A revoked token on %s, while the store is asked', (platform) => {
  it('is refused beside one with its jti that nobody has signed', async () => {
    const store = new FaultyStore();
    const app = await TestApp.start(platform, { store });
    const token = app.issuer.token({ jti: 'j1' });
    const key = revocationKey('signed-part', signingInputOf(token));
    const expiresAt = new Date(Date.now() + 3_600_000);
    await store.add({ key, scope: 'token', issuedBefore: ANY_ISSUE_TIME, expiresAt }, LOGOUT);
    const beside = signingInputOf(app.issuer.token({ jti: 'j1', sub: 'eve' }));

    await app.me(token).set('Cookie', `token=${beside}`).expect(401, DOCUMENTED.refused);
    expect(store.lookUps).toBe(2);
    await app.close();
  });
});

describe('The boot says once what rules cost', () => {
  const rules = {
    algorithms: ['HS256' as const],
    keys: `${'x'.repeat(32)}\n`,
    issuer: null,
    audience: null,
    maxLifetimeSeconds: 30 * 86_400,
  };
  const SENTENCES = [
    expect.stringMatching(/"keys" ended in a line break/) as string,
    expect.stringMatching(/Tokens may live for 30 days/) as string,
  ];

  it('in the log of Nest', async () => {
    @Module({ imports: [AuthModule.forRoot({ ...rules, store: new MemoryRevocationStore() })] })
    class Host {}
    const app = await NestFactory.create(Host, { logger: false });
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    app.useLogger({ log, warn: log, error: log });
    await app.init();
    await app.close();
    expect(lines.filter((line) => /line break|may live/.test(line))).toEqual(SENTENCES);
  });

  it('on the console of Express', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation();
    const revocation = createRevocation({ ...rules, store: new MemoryRevocationStore() });
    await revocation.open();
    await revocation.close();
    expect(warn.mock.calls.flat()).toEqual(SENTENCES);
    warn.mockRestore();
  });
});
