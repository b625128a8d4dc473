import { ROUTES } from '../../src/web/routes';
import type { Route } from '../../src/web/route';
import { PLATFORMS } from '../support/app';
import { SessionApp, type Login } from '../support/session-app';
import { exchange, head, type WireAnswer } from '../support/wire';
import { INTERNALS } from './invariants';
import { attacksOn, CANARY, pathOf, respellingsOf, type Good } from './session-attacks';

const NEW_ROUTES: readonly Route[] = Object.values<Route>(ROUTES).filter(
  ({ needs }) => needs === 'sessions',
);
const CASES = NEW_ROUTES.map((route) => [`${route.method} /${route.path}`, route] as const);
/** What HTTP's own parser refuses with, before any framework sees the request. */
const OF_THE_PARSER = [400, 408, 431];

const goodOf = ({ access, refresh, sid }: Login): Good => ({ bearer: access, refresh, sid });

/** What the answer to an attack must not be, whatever was sent. */
function faultsOf({ status, text, headers }: WireAnswer, route: Route, good: Good): string[] {
  const everything = `${JSON.stringify(headers)}\n${text}`;
  const known = [...route.statuses, ...OF_THE_PARSER, 404, 405].filter((each) => each < 500);
  const isEnvelope = text === '' || /^\{"success":(?:true|false),"message":"[^"]+"/.test(text);
  return [
    ...(known.includes(status) ? [] : [`status ${status}`]),
    ...(isEnvelope || OF_THE_PARSER.includes(status) ? [] : ['no envelope']),
    ...(INTERNALS.test(everything) ? ['internals'] : []),
    ...([CANARY, good.refresh, good.bearer, good.sid].some((each) => everything.includes(each))
      ? ['input is quoted']
      : []),
    ...('set-cookie' in headers ? ['a cookie'] : []),
  ];
}

describe.each(PLATFORMS)('What is sent to the routes of sessions on %s', (platform) => {
  let host: SessionApp;
  beforeAll(async () => {
    host = await SessionApp.start(platform, { cookie: true }, { throttleLimit: 1_000_000 });
  });
  afterAll(() => host.close());

  it.each(CASES)('%s answers whatever comes, quotes nothing and ends nothing', async (_, route) => {
    const [attacker, victim] = [await host.login('eve'), await host.login('ada')];
    const good = { ...goodOf(attacker), sid: victim.sid };
    // Another's session is not theirs to end; their own are theirs to list and to end.
    const isOfOthers = route === ROUTES.endSession || !route.takesBearer;
    const bearer = isOfOthers ? good.bearer : host.app.issuer.token({ sub: 'ada' });
    const faults: unknown[] = [];
    for (const { name, bytes } of attacksOn(route, { ...good, bearer })) {
      const answer = await exchange(host.app.url, ...bytes);
      const found = faultsOf(answer, route, { ...good, bearer });
      if (found.length > 0 || (answer.status === 200 && route !== ROUTES.revoke))
        faults.push([name, answer.status, ...found]);
    }
    expect(faults).toEqual([]);
    expect(await host.areAccepted(attacker, victim)).toEqual([true, true]);
    await host.refresh(attacker.refresh).expect(200);
  });

  it.each(CASES)('%s does under every spelling what it does under its own', async (_, route) => {
    const bodies = { none: '', json: '{}', form: 'token=' };
    const body = bodies[route.body];
    const type = {
      none: 'text/plain',
      json: 'application/json',
      form: 'application/x-www-form-urlencoded',
    };
    const lines = [`Content-Type: ${type[route.body]}`, `Content-Length: ${body.length}`];
    const path = pathOf(route, 'AAAAAAAAAAAAAAAAAAAAAA');
    const ask = (target: string) =>
      exchange(host.app.url, head(`${route.method} ${target}`, ...lines), body);
    const own = await ask(path);
    for (const spelling of respellingsOf(path)) {
      const { status, text } = await ask(spelling);
      // The framework's own 404 and 400 name the path that they do not know.
      if (![404, 400].includes(status) || own.status === status)
        expect([spelling, status, text]).toEqual([spelling, own.status, own.text]);
    }
  });
});
