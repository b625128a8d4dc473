import { Logger } from '@nestjs/common';
import request, { type Test } from 'supertest';
import { RefusalCounts } from '../../../src/metrics/refusal-counts';
import { TestApp } from '../../support/app';
import { auditOf } from '../../support/audit';
import {
  BACKCHANNEL,
  BACKCHANNEL_LOGOUT,
  logoutClaims,
  logoutToken,
} from '../../support/logout-tokens';
import { PLAIN_APPS, type PlainHost } from '../../support/plain-host';
import { PublishedIssuer } from '../../support/published-issuer';
import { sessionOptions } from '../../support/sessions';
import { AUDIENCE, TestIssuer } from '../../support/tokens';

const forger = new TestIssuer('ES256');
const LIMIT = 5;

const lineOf = (issuer: string): string =>
  `Refused, keys_in_doubt: No known key of the issuer ${JSON.stringify(issuer)} has signed the token, ` +
  'and the issuer has not said since it came whether there is another key: it is asked once in 30 s ' +
  'at most, and may not have answered. The sender gets 503 and should send the token again. If this ' +
  'goes on, either the tokens are forged; or the keys cannot be fetched, which the log says; or a ' +
  'cache on the way to them answers with the header Age: let it pass Cache-Control: no-cache on.';

let provider: PublishedIssuer;
beforeEach(async () => {
  provider = await PublishedIssuer.start('ES256');
});
afterEach(() => provider.close());

const rules = (): object => ({
  algorithms: undefined,
  keys: undefined,
  issuer: provider.url,
  audience: AUDIENCE,
  jwksUri: provider.jwksUri,
});

describe.each(PLAIN_APPS)('Forged logout tokens, on %s,', (_name, start) => {
  let host: PlainHost;
  const open = async (more: object = {}): Promise<void> => {
    host = await start({ options: { ...rules(), backchannel: BACKCHANNEL, ...more } });
  };
  afterEach(() => host.close());
  const send = (text: string): Test =>
    request(host.url).post(BACKCHANNEL_LOGOUT).type('form').send({ logout_token: text });
  const forged = (): string => logoutToken(forger, { iss: provider.url }, { kid: 'none' });

  it('are no outage: the log says that they are in doubt, and the sender should repeat them', async () => {
    await open();
    await send(forged()).expect(400);
    for (let times = 0; times < 3; times += 1)
      await send(forged())
        .expect(503, { error: 'temporarily_unavailable' })
        .expect('Retry-After', '1');
    expect(host.errors).toEqual([]);
    expect(host.refusals).toEqual([expect.any(String), lineOf(provider.url)]);
    const reasons = host.auditLines.map((line) => (JSON.parse(line) as { reason: string }).reason);
    expect(new Set(reasons)).toEqual(new Set(['logout_token_key', 'keys_in_doubt']));
  });

  it('pass no full bucket', async () => {
    await open({ throttleLimit: LIMIT });
    const statuses: number[] = [];
    for (let count = 0; count < 2 * LIMIT; count += 1) statuses.push((await send(forged())).status);
    const inDoubt = Array<number>(LIMIT - 1).fill(503);
    expect(statuses).toEqual([400, ...inDoubt, ...Array<number>(LIMIT).fill(429)]);
  });

  it('do not hide that the keys cannot be fetched', async () => {
    await open();
    await host.protected(provider.token()).expect(200);
    provider.answersWith((_request, response) => response.writeHead(500).end());
    const logout = provider.token(logoutClaims({ iss: provider.url }), { kid: 'next' });
    await send(logout).expect(503);
    expect(host.errors.map(String)).toEqual([expect.stringContaining('could not be fetched')]);
    expect(host.refusals).toEqual([lineOf(provider.url)]);
  });
});

describe('Forged tokens that are handed in to be revoked', () => {
  const logged: string[] = [];
  let app: TestApp;
  beforeEach(async () => {
    logged.length = 0;
    app = await TestApp.start('express', { ...rules(), sessions: sessionOptions() });
    const push = (line: unknown): void => {
      logged.push(String(line));
    };
    const silent = (): void => undefined;
    Logger.overrideLogger({ error: push, warn: push, log: silent });
  });
  afterEach(async () => {
    Logger.overrideLogger(false);
    await app.close();
  });

  it('are no outage, in log, audit and metrics', async () => {
    const token = forger.token({ iss: provider.url }, { kid: 'none' });
    const revoke = (): Test => app.post('/api/v1/auth/revoke').type('form').send({ token });
    await revoke().expect(200);
    await revoke().expect(503).expect('Retry-After', '1');
    await revoke().expect(503);
    expect(logged.filter((line) => line.includes(provider.url))).toEqual([lineOf(provider.url)]);
    const rows = await auditOf(app);
    expect(new Set(rows.map(({ reason }) => reason))).toEqual(new Set(['keys_in_doubt']));
    const counts = new Map(app.nest.get(RefusalCounts));
    expect([counts.get('keys_in_doubt'), counts.get('issuer_unavailable')]).toEqual([2, 0]);
  });
});
