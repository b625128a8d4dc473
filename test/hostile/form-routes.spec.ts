import { PLATFORMS } from '../support/app';
import { auditOf } from '../support/audit';
import { INACTIVE, INTROSPECT, TestCaller } from '../support/introspection';
import { BACKCHANNEL, BACKCHANNEL_LOGOUT, logoutToken, nowSeconds } from '../support/logout-tokens';
import { SessionApp } from '../support/session-app';
import { AUDIENCE, TestIssuer } from '../support/tokens';
import { exchange } from '../support/wire';
import { basicAttacks, endless, formAttacks } from './form-attacks';
import { INTERNALS } from './invariants';
import { CANARY, type Attack } from './session-attacks';

/** What HTTP's own parser refuses with, before any framework sees the request. */
const OF_THE_PARSER = [400, 408, 431];
/** With good credentials. 200 is for what is not active. */
const REFUSED = {
  introspect: [200, 405, 413, 415, ...OF_THE_PARSER],
  backchannelLogout: [405, 413, 415, ...OF_THE_PARSER],
};

const api = new TestCaller('api', { audiences: [AUDIENCE] });
const basicLine = `Authorization: ${api.authorization}`;

describe.each(PLATFORMS)('What is sent on %s', (platform) => {
  const issuer = new TestIssuer('ES256');
  let host: SessionApp;
  const token = issuer.token({ sid: 's1' });
  const logout = logoutToken(issuer, { exp: nowSeconds() + 3600 });
  /** What stands in no answer and in no row of the audit. */
  const secrets = [CANARY, api.secret, ...[token, logout].map((each) => each.slice(0, 200))];
  beforeAll(async () => {
    const introspectionCallers = [api.options];
    const options = { introspectionCallers, backchannel: BACKCHANNEL };
    host = await SessionApp.start(platform, {}, options, { issuer });
  });
  afterAll(() => host.close());

  /** Those attacks that were not refused as they must be, or whose answer tells something. */
  async function faultsOf(
    attacks: readonly Attack[],
    statuses: readonly number[],
  ): Promise<unknown[]> {
    const faults: unknown[] = [];
    for (const { name, bytes } of attacks) {
      const { status, text, headers } = await exchange(host.app.url, ...bytes);
      const everything = `${JSON.stringify(headers)}\n${text}`;
      const isTelling = secrets.some((each) => everything.includes(each));
      const isRefused = statuses.includes(status) && (status !== 200 || text === INACTIVE);
      if (!isRefused || isTelling || INTERNALS.test(everything))
        faults.push([name, status, text.slice(0, 200)]);
    }
    return faults;
  }
  const expectNothingKept = async (): Promise<void> => {
    const kept = JSON.stringify(await auditOf(host.app));
    expect(kept).toContain('"outcome":"failure"');
    expect(secrets.filter((secret) => kept.includes(secret))).toEqual([]);
  };

  it('to /introspect is answered, tells nothing of a token, and leaves callers their answers', async () => {
    const route = { path: INTROSPECT, parameter: 'token', token, lines: [basicLine] };
    expect(await faultsOf(formAttacks(route), REFUSED.introspect)).toEqual([]);
    const { status } = await endless(host.app.url + INTROSPECT, {
      authorization: api.authorization,
    });
    expect(status).toBe(413);
    const answer = await api.ask(host.app.url, token).expect(200);
    expect(answer.body).toMatchObject({ active: true });
  });

  it('to /introspect without good credentials is 401, before the body is read', async () => {
    const attacks = basicAttacks(INTROSPECT, `api:${api.secret}`);
    expect(await faultsOf(attacks, [401])).toEqual([]);
    expect((await endless(host.app.url + INTROSPECT, {})).status).toBe(401);
    await expectNothingKept();
  });

  it('to /backchannel-logout is answered, and ends nothing; a good logout token ends its session', async () => {
    const [path, parameter] = [BACKCHANNEL_LOGOUT, 'logout_token'];
    const route = { path, parameter, token: logout, lines: [] };
    expect(await faultsOf(formAttacks(route), REFUSED.backchannelLogout)).toEqual([]);
    expect((await endless(host.app.url + BACKCHANNEL_LOGOUT, {})).status).toBe(413);
    await host.app.me(token).expect(200);
    const form = { logout_token: logout };
    await host.app.post(BACKCHANNEL_LOGOUT).type('form').send(form).expect(200);
    await host.app.me(token).expect(401);
    await expectNothingKept();
  });
});
