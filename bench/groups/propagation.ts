import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import type { Bench, Group } from '../bench';
import type { BrokerName } from '../brokers';
import { withApps, type AppSetup, type BenchApp } from '../bench-app';
import { statusOf } from '../status-of';
import { measure, percentile, type Measure } from '../statistics';

const LOGOUTS_A_ROUND = 100;
/** Long after the bound of the default options: then it is lost, not late. */
const GIVE_UP_MS = 10_000;

/** From a logout's 200 on one instance to the first refusal on another, in a row. */
export const propagation: Group = async (bench) => {
  const env = { DATABASE_URL: await bench.environment.createDatabase() };
  const setup = { module: 'ours', platform: 'fastify', env } as const;
  const other = { ...setup, env: { ...env, REVOKED_BEFOREHAND: 'none' } };
  return measured(bench, setup, other, 5);
};

/** The same to an instance that reaches only a broker. */
const relayOver =
  (name: BrokerName): Group =>
  async (bench) => {
    const { environment } = bench;
    const env = { RELAYS: `${name} ${environment.broker(name).url}` };
    const database = { DATABASE_URL: await environment.createDatabase() };
    const setup = { module: 'ours', platform: 'fastify', env: { ...env, ...database } } as const;
    return measured(bench, setup, { module: 'behind-broker', platform: 'fastify', env }, 10);
  };

export const relay: Group = relayOver('redis');
export const relayNats: Group = relayOver('nats');

function measured(
  { environment, rounds, progress }: Bench,
  setup: AppSetup,
  other: AppSetup,
  medianAtMost: number,
): Promise<Measure[]> {
  return withApps(environment, { here: setup, there: other }, async ({ here, there }) => {
    const delays: number[][] = [];
    for (let round = 0; round < rounds; round += 1) {
      const ofRound: number[] = [];
      for (let index = 0; index < LOGOUTS_A_ROUND; index += 1)
        ofRound.push(await delayOf(environment.signer.sign('HS256'), here, there));
      delays.push(ofRound);
      progress(`  round ${round + 1} of ${rounds}: ${percentile(ofRound, 50).toFixed(1)} ms`);
    }
    const all = delays.flat();
    const at = (percent: number, atMost: number) =>
      measure(
        `200 here to first refusal there, p${percent} of ${all.length} logouts`,
        'ms',
        delays.map((ofRound) => percentile(ofRound, percent)),
        { value: percentile(all, percent), goal: { atMost } },
      );
    return [at(50, medianAtMost), at(99, 50)];
  });
}

async function delayOf(token: string, here: BenchApp, there: BenchApp): Promise<number> {
  assert.equal(await me(there, token), 200);
  assert.equal(await logOut(here, token), 200);
  const answered = performance.now();
  for (;;) {
    const status = await me(there, token);
    const delay = performance.now() - answered;
    if (status === 401) return delay;
    assert.equal(status, 200);
    assert.ok(delay < GIVE_UP_MS, 'a logout never reached the other instance');
  }
}

// The same two connections for all: what is timed is theirs, not a handshake.
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

const me = (app: BenchApp, token: string) => statusOf(agent, `${app.url}/me`, token);

const logOut = (app: BenchApp, token: string) =>
  statusOf(agent, app.url + app.logoutPath, token, JSON.stringify({ token }));
