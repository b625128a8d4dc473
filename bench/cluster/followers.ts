import { setTimeout as sleep } from 'node:timers/promises';
import { createRevocation } from '../../src/express';
import { PostgresRevocationStore } from '../../src/postgres';
import type { BenchEnvironment } from '../bench-environment';
import { Worker } from '../processes';
import { AUDIENCE, ISSUER } from '../tokens';
import { spreadOf, type Plan, type Seen, type Size, type Spread } from './figures';
import type { FollowerMessage, Traffic } from './follower-program';
import { connectionsTo, ServerLoad } from './server-load';

const PROCESSES = 2;
/** Idle connections of a pool are closed by then. */
const SETTLE_MS = 12_000;

/** So many stores that follow one database, and one more that logs out. */
export async function measureFollowers(
  environment: BenchEnvironment,
  count: number,
  { rates, seconds, step }: Plan,
): Promise<Size> {
  const url = await environment.createDatabase();
  const keys = environment.signer.environment.JWT_SECRET ?? '';
  const writer = createRevocation({
    algorithms: ['HS256'],
    keys,
    issuer: ISSUER,
    audience: AUDIENCE,
    maxLifetimeSeconds: 86_400,
    store: new PostgresRevocationStore({ url }),
    auditPrinter: () => undefined,
  });
  const workers: Worker<object>[] = [];
  const tellAll = (message: FollowerMessage): void => {
    for (const worker of workers) worker.tell(message);
  };
  const askAll = <Answer>(ask: 'seen' | 'traffic'): Promise<Answer[]> =>
    Promise.all(workers.map((worker) => worker.ask<Answer>({ ask })));

  /** One logout after the other, at a steady rate; each is watched by all followers. */
  const spread = async (rate: number): Promise<Spread> => {
    const load = new ServerLoad(environment.postgresPid);
    const begin = performance.now();
    const logouts: Promise<void>[] = [];
    for (let index = 0; index < rate * seconds; index += 1) {
      await sleep(Math.max(0, begin + (index * 1000) / rate - performance.now()));
      logouts.push(logOut(environment.signer.sign('HS256')));
    }
    await Promise.all(logouts);
    const cores = load.cores();
    const seen = await askAll<Seen>('seen');
    return spreadOf(rate, cores, {
      delays: seen.flatMap(({ delays }) => delays),
      acceptedLate: seen.reduce((sum, { acceptedLate }) => sum + acceptedLate, 0),
    });
  };
  const logOut = async (token: string): Promise<void> => {
    tellAll({ watch: token });
    await writer.tokens.revoke(token);
    const at = performance.timeOrigin + performance.now();
    tellAll({ loggedOut: token, at });
  };

  try {
    step(`${count} followers: starting`);
    await writer.open();
    for (let index = 0; index < PROCESSES; index += 1)
      workers.push(
        await Worker.start('cluster/follower-program', {
          DATABASE_URL: url,
          JWT_SECRET: keys,
          FOLLOWERS: String(Math.floor((count + index) / PROCESSES)),
        }),
      );
    await sleep(SETTLE_MS);
    step(`${count} followers: idle`);
    const before = await askAll<Traffic>('traffic');
    const idle = new ServerLoad(environment.postgresPid);
    await sleep(seconds * 1000);
    const idleCores = idle.cores();
    const connectionsForGood = (await connectionsTo(url)) / (count + 1);
    let atMost = connectionsForGood;
    const sampling = setInterval(() => {
      void connectionsTo(url).then((found) => {
        atMost = Math.max(atMost, found / (count + 1));
      });
    }, 500);
    const spreads: Spread[] = [];
    for (const rate of rates) {
      step(`${count} followers: ${rate} logouts a second`);
      spreads.push(await spread(rate));
    }
    clearInterval(sampling);
    const after = await askAll<Traffic>('traffic');
    const sum = (traffic: readonly Traffic[], of: keyof Traffic): number =>
      traffic.reduce((total, each) => total + each[of], 0);
    return {
      kind: 'followers',
      count,
      idleCores,
      connectionsForGood,
      connectionsAtMost: atMost,
      bytesPerRead:
        (sum(after, 'bytes') - sum(before, 'bytes')) / (sum(after, 'reads') - sum(before, 'reads')),
      spreads,
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    await writer.close();
  }
}
