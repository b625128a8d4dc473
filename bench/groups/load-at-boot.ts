import assert from 'node:assert/strict';
import type { Group } from '../bench';
import { query } from '../postgres';
import { Worker } from '../processes';
import { insertRevocations } from '../revocations';
import { measure } from '../statistics';
import type { Boot } from '../workers/boot';

const LIVE = 1_000_000;

/** Boots with a million live revocations, each time in a new process. */
export const loadAtBoot: Group = async ({ environment, rounds, progress }) => {
  const url = await environment.createDatabase();
  await boot(url); // makes the tables
  progress(`  writing ${LIVE} revocations`);
  await insertRevocations(url, LIVE);
  await query(url, 'VACUUM ANALYZE');
  await query(url, 'CHECKPOINT'); // or the rounds would wait for what the writing left behind
  const boots: Boot[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const result = await boot(url);
    assert.equal(result.size, LIVE);
    boots.push(result);
    progress(`  round ${round + 1} of ${rounds}: ${result.loadMs.toFixed(0)} ms`);
  }
  const stalls = boots.map(({ stallMs }) => stallMs);
  const bytes = boots.map(({ residentBytes }) => residentBytes / 1e6);
  return [
    measure(
      `from open() to answers from memory, ${LIVE} revocations`,
      'ms',
      boots.map(({ loadMs }) => loadMs),
      { goal: { atMost: 3000 } },
    ),
    measure('longest stall of the event loop meanwhile, of all rounds', 'ms', stalls, {
      value: Math.max(...stalls),
      goal: { atMost: 50 },
    }),
    measure('memory the process took meanwhile (RSS)', 'MB', bytes),
  ];
};

async function boot(url: string): Promise<Boot> {
  const worker = await Worker.start<Boot>('workers/boot', { DATABASE_URL: url });
  await worker.stop();
  return worker.ready;
}
