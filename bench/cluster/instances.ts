import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'node:http';
import { BenchApp } from '../bench-app';
import type { BenchEnvironment } from '../bench-environment';
import { statusOf } from '../status-of';
import {
  atRate,
  BOUND_MS,
  SETTLE_MS,
  spreadOf,
  type Plan,
  type Seen,
  type Size,
  type Spread,
} from './figures';
import { ConnectionCount, watchCores } from './servers';

/** Each logout is asked for at the next instance without a pause: more at a time measure the load. */
const MOST_AT_ONCE = 10;

const agent = new Agent({ keepAlive: true });

/** So many whole applications on one database: logged out at one, asked at the next. */
export async function measureInstances(
  environment: BenchEnvironment,
  count: number,
  { rates, seconds, step }: Plan,
): Promise<Size> {
  const url = await environment.createDatabase();
  const env = { DATABASE_URL: url, REVOKED_BEFOREHAND: 'none' };
  const apps: BenchApp[] = [];
  const servers = { postgres: [environment.postgresPid], broker: [], relays: [] };
  const spreadAt = async (rate: number): Promise<Spread> => {
    const cores = watchCores(servers);
    const followed = await atRate(rate, seconds, (index) =>
      follow(environment.signer.sign('HS256'), apps, index),
    );
    return spreadOf(rate, { cores: cores() }, await Promise.all(followed));
  };
  try {
    step(`${count} instances: starting`);
    for (let index = 0; index < count; index += 1)
      apps.push(await BenchApp.start(environment, { module: 'ours', platform: 'fastify', env }));
    await sleep(SETTLE_MS);
    step(`${count} instances: idle`);
    const idleCores = watchCores(servers);
    const connections = new ConnectionCount(environment.postgresPort);
    await sleep(seconds * 1000);
    const idle = { cores: idleCores() };
    const spreads: Spread[] = [];
    for (const rate of rates.filter((each) => each <= MOST_AT_ONCE)) {
      step(`${count} instances: ${rate} logouts a second`);
      spreads.push(await spreadAt(rate));
    }
    const postgresConnections = connections.end();
    return {
      kind: 'instances',
      source: 'postgres',
      count,
      idle,
      postgresConnections,
      spreads,
    };
  } finally {
    await Promise.all(apps.map((app) => app.stop()));
  }
}

/** Logs out at one, asks the next until it refuses, and all of them once the bound is over. */
async function follow(token: string, apps: readonly BenchApp[], turn: number): Promise<Seen> {
  const [here, there] = [apps[turn % apps.length], apps[(turn + 1) % apps.length]];
  if (here === undefined || there === undefined) throw new Error('there are no instances');
  assert.equal(await statusOf(agent, `${there.url}/me`, token), 200);
  assert.equal(
    await statusOf(agent, here.url + here.logoutPath, token, JSON.stringify({ token })),
    200,
  );
  const answered = performance.now();
  let delay = Infinity;
  while (delay === Infinity && performance.now() < answered + BOUND_MS)
    if ((await statusOf(agent, `${there.url}/me`, token)) === 401)
      delay = performance.now() - answered;
  await sleep(Math.max(0, answered + BOUND_MS - performance.now()));
  const late = await Promise.all(apps.map(({ url }) => statusOf(agent, `${url}/me`, token)));
  return { delays: [delay], acceptedLate: late.filter((each) => each === 200).length };
}
