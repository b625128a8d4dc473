import type { Group } from '../bench';
import { query } from '../postgres';
import { Worker } from '../processes';
import { measure } from '../statistics';
import type { Rotations } from '../workers/refreshes';

/** Durable rotations of refresh tokens a second, each of another session, by two instances. */
export const refreshes: Group = async ({ environment, rounds, seconds, progress }) => {
  const env = { DATABASE_URL: await environment.createDatabase() };
  const workers = [await start(env), await start(env)];
  try {
    await query(env.DATABASE_URL, 'VACUUM ANALYZE');
    const figures: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const rotations = await Promise.all(
        workers.map((worker) => worker.ask<Rotations>({ seconds })),
      );
      const perSecond = rotations.reduce((sum, one) => sum + one.perSecond, 0);
      progress(`  round ${round + 1} of ${rounds}: ${perSecond.toFixed(0)} rotations/s`);
      figures.push(perSecond);
    }
    const goal = { atLeast: 5000 };
    return [
      measure('rotations, durable and audited, two instances', 'rotations/s', figures, { goal }),
    ];
  } finally {
    for (const worker of workers) await worker.stop();
  }
};

const start = (env: NodeJS.ProcessEnv): Promise<Worker<object>> =>
  Worker.start<object>('workers/refreshes', env);
