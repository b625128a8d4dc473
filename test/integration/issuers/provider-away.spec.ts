import { Logger } from '@nestjs/common';
import { AuditLog, RevokedTokensService } from '../../../src';
import { DOCUMENTED, PLATFORMS, TestApp } from '../../support/app';
import { DocumentServer } from '../../support/document-server';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';
import { until } from '../../support/until';

const nothing = (): void => undefined;

/** What stands in a log entry, its causes included. */
const textOf = (entry: unknown): string =>
  entry instanceof Error
    ? [entry.message, ...(entry.cause === undefined ? [] : [textOf(entry.cause)])].join(' ')
    : String(entry);

describe.each(PLATFORMS)(
  'On %s, where the keys of one of two issuers cannot be had,',
  (platform) => {
    const away = new TestIssuer('ES256');
    const other = new TestIssuer('ES256');
    const logged: string[] = [];
    let provider: DocumentServer;
    let app: TestApp;
    let token: string;

    beforeAll(async () => {
      provider = await DocumentServer.start();
      provider.answer = (response) => response.writeHead(500).end();
      app = await TestApp.start(platform, {
        algorithms: undefined,
        keys: undefined,
        issuer: undefined,
        audience: undefined,
        issuers: [
          { issuer: provider.url, audience: AUDIENCE, jwksUri: provider.url },
          { issuer: ISSUER, audience: AUDIENCE, algorithms: ['ES256'], keys: other.key },
        ],
      } as never);
      token = away.token({ iss: provider.url }, { kid: '1' });
      Logger.overrideLogger({
        log: nothing,
        warn: nothing,
        error: (entry: unknown) => logged.push(textOf(entry)),
      });
    });
    beforeEach(() => {
      logged.length = 0;
    });
    afterAll(async () => {
      Logger.overrideLogger(false);
      await app.close();
      await provider.close();
    });

    const remedy = (): string =>
      `The keys of the issuer ${JSON.stringify(provider.url)} are not known now. Let this host reach ` +
      'where it publishes them (jwksUri, discovery); the log says why they could not be fetched.';

    it('a guarded request with its token gets 500, and the log names the issuer, not the token', async () => {
      await app.me(token).expect(500, DOCUMENTED.internal);
      expect(logged).toEqual([`Tokens could not be checked: 1 request refused. ${remedy()}`]);
      for (const part of token.split('.')) expect(logged.join()).not.toContain(part);
    });

    it('more requests with its tokens get 500, and no line each', async () => {
      for (const sub of ['ada', 'eve', 'joe'])
        await app.me(away.token({ iss: provider.url, sub }, { kid: '1' })).expect(500);
      await app.logout(token).expect(500);
      expect(logged).toEqual([]);
    });

    it('a logout with it gets 500, and leaves an audit row that says why', async () => {
      await app.logout(token).expect(500, DOCUMENTED.internal);
      const events = await until(async () => {
        const found = await app.nest.get(AuditLog).find({});
        return found.events.length > 0 && found.events;
      });
      expect(events).toMatchObject([{ outcome: 'failure', reason: 'issuer_unavailable' }]);
    });

    it('explain() tells that its keys are not known, as data', async () => {
      expect(await app.nest.get(RevokedTokensService).explain(token)).toEqual({
        verdict: 'unknown',
        reason: 'issuer_unavailable',
        remedy: remedy(),
      });
    });

    it('the tokens of the other one pass, and are logged out', async () => {
      const own = other.token();
      await app.me(own).expect(200);
      await app.logout(own).expect(200, DOCUMENTED.loggedOut);
      await app.me(own).expect(401);
      expect(logged).toEqual([]);
    });

    it('a logout of the other one that names its token gets 500, and ends nothing', async () => {
      const own = other.token();
      await app.logout(own, token).expect(500, DOCUMENTED.internal);
      await app.me(own).expect(200);
    });

    it('a token that names neither of them gets 401, as ever', async () => {
      await app.me(away.token({ iss: 'https://unknown.example' })).expect(401);
      await app.me(away.token({ iss: undefined })).expect(401);
    });
  },
);
