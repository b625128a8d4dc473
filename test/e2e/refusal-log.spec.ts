import { Controller, Get, type LoggerService } from '@nestjs/common';
import request from 'supertest';
import { RevokedTokensService } from '../../src';
import { MeController, PLATFORMS, TestApp } from '../support/app';
import { PlainHost } from '../support/plain-host';

/** A route of the host's that no guard of ours protects. */
@Controller('open')
class OpenController {
  @Get()
  open(): string {
    return 'open';
  }
}

describe.each(PLATFORMS)('Why a request was refused, in the log on %s', (platform) => {
  let app: TestApp;
  let warned: string[];
  let debugged: string[];
  const { NODE_ENV } = process.env;

  beforeEach(async () => {
    const controllers = [MeController, OpenController];
    app = await TestApp.start(
      platform,
      { sessionClaim: 'login', logoutCovers: 'session' },
      { controllers },
    );
    [warned, debugged] = [[], []];
    const note = (lines: string[]) => (message: unknown) => lines.push(String(message));
    const logger: LoggerService = {
      log: () => undefined,
      error: () => undefined,
      warn: note(warned),
      debug: note(debugged),
    };
    app.nest.useLogger(logger);
  });
  afterEach(async () => {
    process.env.NODE_ENV = NODE_ENV;
    await app.close();
  });

  const refusals = (lines: readonly string[]): string[] =>
    lines.filter((line) => line.startsWith('Refused, '));

  it('is one line, however often it happens: behind our guard', async () => {
    const token = app.issuer.token({ exp: undefined });
    for (let time = 0; time < 5; time += 1) await app.me(token).expect(401);
    expect(refusals(warned)).toEqual([
      expect.stringContaining('Refused, claims: "exp" is absent. Sign with'),
    ]);
  });

  it('is told at the logout, of the bearer and of the token in the body', async () => {
    await app.logout(app.issuer.token({ aud: 'https://other.example' })).expect(401);
    await app.logout(app.issuer.token(), app.issuer.token({ sub: undefined, id: 7 })).expect(401);
    await app.post().send({}).expect(401);
    expect(refusals(warned)).toEqual([
      expect.stringContaining('Refused, audience: "aud" is another audience. '),
      expect.stringContaining(
        `Refused, body_token_claims: "sub" is absent. Set subjectClaim: 'id'`,
      ),
      expect.stringContaining('Refused, token_missing: '),
    ]);
  });

  it('names the claim where a token names its session in another form', async () => {
    await app.me(app.issuer.token({ login: { id: 1 } })).expect(401);
    expect(refusals(warned)).toEqual([
      expect.stringContaining('Refused, claims: "login" is an object. The session must be text'),
    ]);
    await app.me(app.issuer.token()).expect(200);
  });

  it('is told where enforcement removes a token, whatever guards the route', async () => {
    const token = app.issuer.token({ jti: undefined });
    await app.logout(token).expect(200);
    await request(app.url).get('/open').set('Authorization', `Bearer ${token}`).expect(200);
    expect(refusals(warned)).toEqual([
      expect.stringContaining(
        'Refused, token_revoked: The token, its session or its user was logged out.',
      ),
    ]);
    expect(warned.filter((line) => line.includes('was accepted. It has no jti'))).toHaveLength(1);
  });

  it('says what else refuses a new login: an issuer that repeats its jti', async () => {
    const repeated = { jti: '42' };
    await app.logout(app.issuer.token(repeated)).expect(200);
    await app.me(app.issuer.token({ ...repeated, device: 'phone' })).expect(401);
    expect(refusals(warned)).toEqual([expect.stringMatching(/Log in again\. .*"signed-part"/)]);
  });

  it('says where a logout ended one token alone, though it should end the session', async () => {
    await app.logout(app.issuer.token({ login: 's1' })).expect(200);
    expect(warned).toEqual([]);
    await app.logout(app.issuer.token()).expect(200);
    await app.logout(app.issuer.token()).expect(200);
    expect(warned).toEqual([
      expect.stringMatching(/^A logout with a token of the issuer ".*" ended that token alone\./),
    ]);
  });

  it('is told at the gate', async () => {
    await app.post().type('form').send('a=b').expect(415);
    expect(refusals(warned)).toEqual([
      expect.stringContaining('Refused, unsupported_media_type: Send "Content-Type'),
    ]);
  });

  it('is no warning in production', async () => {
    process.env.NODE_ENV = 'production';
    await app.me('no.to.ken').expect(401);
    expect(refusals(warned)).toEqual([]);
    expect(refusals(debugged)).toHaveLength(1);
  });

  it('is what explain() tells', async () => {
    const tokens = app.nest.get(RevokedTokensService);
    const token = app.issuer.token();
    expect(await tokens.explain(token)).toEqual({ verdict: 'live' });
    expect(await tokens.explain(app.issuer.token({ exp: undefined }))).toMatchObject({
      verdict: 'refused',
      reason: 'claims',
      member: 'exp',
    });
    expect(await tokens.explain(app.issuer.expired())).toMatchObject({
      verdict: 'expired',
      reason: 'token_expired',
    });
    await app.logout(token).expect(200);
    expect(await tokens.explain(token)).toMatchObject({
      verdict: 'revoked',
      reason: 'token_revoked',
    });
  });
});

describe('Why a request was refused, in plain Express', () => {
  it('is told by verifyToken and by logout', async () => {
    const host = await PlainHost.express();
    await host.protected(host.issuer.token({ exp: undefined })).expect(401);
    await host.logout('opaque').expect(400);
    await host.close();
    expect(host.refusals).toEqual([
      expect.stringContaining('Refused, claims: "exp" is absent. '),
      expect.stringContaining(
        'Refused, form: A token has three parts with dots between them, not 1. If it is an opaque token,',
      ),
    ]);
  });
});
