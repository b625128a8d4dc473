import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'node:http';
import { BenchApp } from '../bench-app';
import type { BenchEnvironment } from '../bench-environment';
import { spreadOf, type Plan, type Seen, type Size, type Spread } from './figures';
import { connectionsTo, ServerLoad } from './server-load';

/** As the store has it by default. */
const BOUND_MS = 2000;
/** Idle connections of a pool are closed by then. */
const SETTLE_MS = 12_000;
/** Each logout is asked for at the next instance without a pause: more at a time measure the load. */
const MOST_AT_ONCE = 10;

/** So many whole applications on one database: logged out at one, asked at the next. */
export async function measureInstances(
  environment: BenchEnvironment,
  count: number,
  { rates, seconds, step }: Plan,
): Promise<Size> {
  const url = await environment.createDatabase();
  const env = { DATABASE_URL: url, REVOKED_BEFOREHAND: 'none' };
  const apps: BenchApp[] = [];
  const spread = async (rate: number): Promise<Spread> => {
    const load = new ServerLoad(environment.postgresPid);
    const begin = performance.now();
    const followed: Promise<Seen>[] = [];
    for (let index = 0; index < rate * seconds; index += 1) {
      await sleep(Math.max(0, begin + (index * 1000) / rate - performance.now()));
      followed.push(follow(environment.signer.sign('HS256'), apps, index));
    }
    const seen = await Promise.all(followed);
    return spreadOf(rate, load.cores(), {
      delays: seen.flatMap(({ delays }) => delays),
      acceptedLate: seen.reduce((sum, { acceptedLate }) => sum + acceptedLate, 0),
    });
  };
  try {
    step(`${count} instances: starting`);
    for (let index = 0; index < count; index += 1)
      apps.push(await BenchApp.start(environment, { module: 'ours', platform: 'fastify', env }));
    await sleep(SETTLE_MS);
    step(`${count} instances: idle`);
    const idle = new ServerLoad(environment.postgresPid);
    await sleep(seconds * 1000);
    const idleCores = idle.cores();
    const connectionsForGood = (await connectionsTo(url)) / count;
    let atMost = connectionsForGood;
    const sampling = setInterval(() => {
      void connectionsTo(url).then((found) => {
        atMost = Math.max(atMost, found / count);
      });
    }, 500);
    const spreads: Spread[] = [];
    for (const rate of rates.filter((each) => each <= MOST_AT_ONCE)) {
      step(`${count} instances: ${rate} logouts a second`);
      spreads.push(await spread(rate));
    }
    clearInterval(sampling);
    return {
      kind: 'instances',
      count,
      idleCores,
      connectionsForGood,
      connectionsAtMost: atMost,
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
  assert.equal(await status(`${there.url}/me`, token), 200);
  assert.equal(await status(here.url + here.logoutPath, token, JSON.stringify({ token })), 200);
  const answered = performance.now();
  let delay = Infinity;
  while (delay === Infinity && performance.now() < answered + BOUND_MS)
    if ((await status(`${there.url}/me`, token)) === 401) delay = performance.now() - answered;
  await sleep(Math.max(0, answered + BOUND_MS - performance.now()));
  const late = await Promise.all(apps.map(({ url }) => status(`${url}/me`, token)));
  return { delays: [delay], acceptedLate: late.filter((each) => each === 200).length };
}

const agent = new Agent({ keepAlive: true });

function status(url: string, token: string, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }),
    };
    request(url, { method: body === undefined ? 'GET' : 'POST', agent, headers }, (response) => {
      response.resume().once('end', () => {
        resolve(response.statusCode ?? 0);
      });
    })
      .once('error', reject)
      .end(body);
  });
}
