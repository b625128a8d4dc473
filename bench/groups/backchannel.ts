import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { OidcProvider } from '../../test/support/oidc-provider';
import { freePort } from '../../test/support/free-port';
import { CLIENT_ID } from '../apps/with-provider';
import type { Bench, Group } from '../bench';
import { withApps, type BenchApp } from '../bench-app';
import { statusOf } from '../status-of';
import { measure, percentile, type Measure } from '../statistics';
import { AUDIENCE } from '../tokens';

const LOGOUTS_A_ROUND = 100;
/** Long after the bound of the default options: then it is lost, not late. */
const GIVE_UP_MS = 10_000;
const PROGRAM = join(__dirname, '../../../test/support/oidc-provider-program.mjs');

/** Which instance refuses: the one that the provider tells, or another. */
type Place = 'here' | 'there';
type Apps = Readonly<Record<Place, BenchApp>>;
type Delays = Readonly<Record<Place, number[]>>;

/** From an OpenID provider's sending of a logout token to the first refusal at each instance. */
export const backchannel: Group = async (bench) => {
  const { environment } = bench;
  const port = await freePort();
  const provider = await OidcProvider.start({
    clients: [
      {
        id: CLIENT_ID,
        backchannelLogoutUri: `http://127.0.0.1:${port}/api/v1/auth/backchannel-logout`,
      },
    ],
    audience: AUDIENCE,
    program: PROGRAM,
  });
  try {
    const env = { DATABASE_URL: await environment.createDatabase(), PROVIDER: provider.issuer };
    const setup = { module: 'ours', platform: 'fastify' } as const;
    const setups = {
      here: { ...setup, env: { ...env, LISTEN_ON: String(port) } },
      there: { ...setup, env: { ...env, REVOKED_BEFOREHAND: 'none' } },
    };
    return await withApps(environment, setups, (apps) => measured(bench, provider, apps));
  } finally {
    await provider.stop();
  }
};

async function measured(
  { rounds, progress }: Bench,
  provider: OidcProvider,
  apps: Apps,
): Promise<Measure[]> {
  const delays: Delays[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const ofRound: Delays = { here: [], there: [] };
    for (let index = 0; index < LOGOUTS_A_ROUND; index += 1) {
      const { here, there } = await delaysOf(provider, apps, `user-${round}-${index}`);
      ofRound.here.push(here);
      ofRound.there.push(there);
    }
    delays.push(ofRound);
    progress(`  round ${round + 1} of ${rounds}: ${percentile(ofRound.there, 50).toFixed(1)} ms`);
  }
  return (['here', 'there'] as const).flatMap((place) => figures(place, delays));
}

function figures(place: Place, delays: readonly Delays[]): Measure[] {
  const all = delays.flatMap((ofRound) => ofRound[place]);
  const instance = place === 'here' ? 'the instance that is told' : 'another instance';
  return [50, 99].map((percent) =>
    measure(
      `sent by the provider to first refusal at ${instance}, p${percent} of ${all.length} logouts`,
      'ms',
      delays.map((ofRound) => percentile(ofRound[place], percent)),
      {
        value: percentile(all, percent),
        goal: percent === 99 ? { atMost: 100 } : undefined,
      },
    ),
  );
}

/** In whole ms: the provider's process and this one share the clock of the machine alone. */
async function delaysOf(
  provider: OidcProvider,
  { here, there }: Apps,
  user: string,
): Promise<Record<Place, number>> {
  const browser = provider.browser();
  const tokens = await browser.logIn(CLIENT_ID, user);
  const { accessToken } = tokens;
  for (const app of [here, there]) assert.equal(await me(app, accessToken), 200);
  const before = provider.sent.length;
  const [refusedHere, refusedThere] = await Promise.all([
    firstRefusal(here, accessToken),
    firstRefusal(there, accessToken),
    browser.logOut(tokens),
  ]);
  const sent = (await provider.sentLogouts(before + 1))[before];
  assert.equal(sent?.status, 200);
  return { here: refusedHere - sent.sentAtMs, there: refusedThere - sent.sentAtMs };
}

/** When that arrives, in ms since the epoch. */
async function firstRefusal(app: BenchApp, token: string): Promise<number> {
  const giveUpAt = Date.now() + GIVE_UP_MS;
  for (;;) {
    const status = await me(app, token);
    const now = Date.now();
    if (status === 401) return now;
    assert.equal(status, 200);
    assert.ok(now < giveUpAt, 'a logout of the provider never reached an instance');
  }
}

// A connection for each, kept: what is timed is no handshake.
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

const me = (app: BenchApp, token: string) => statusOf(agent, `${app.url}/me`, token);
