import assert from 'node:assert/strict';
import type { Bench, Group } from '../bench';
import { cpuTimeMs } from '../cpu-time';
import { FreshTokens } from '../fresh-tokens';
import { query } from '../postgres';
import { takeTurns } from '../rounds';
import { withApps, type BenchApp } from '../bench-app';
import { measure, ratio, type Measure } from '../statistics';
import type { BenchEnvironment } from '../bench-environment';

const CONNECTIONS = 64;

/** Durable logouts a second, each of a token of its own. */
export const logouts: Group = async (bench) => {
  const { environment } = bench;
  const databases = [
    await environment.createDatabase(),
    await environment.createDatabase(),
  ] as const;
  const [ours, theirs] = databases;
  const setups = {
    ours: { module: 'ours', platform: 'fastify', env: { DATABASE_URL: ours } },
    homeMade: { module: 'typeorm-look-up', platform: 'fastify', env: { DATABASE_URL: theirs } },
  } as const;
  return withApps(environment, setups, async (apps) => {
    const fresh = new FreshTokens(environment);
    const costs: Cost[] = [];
    const post = async (app: BenchApp, path: string): Promise<number> =>
      (await fresh.send(posts(bench, app.url + path))).perSecond;
    const kept = async (app: BenchApp, count: () => Promise<number>): Promise<number> => {
      const [before, node, postgres] = [await count(), ...cpuTimes(app, environment)];
      const { answered, perSecond } = await fresh.send(posts(bench, app.url + app.logoutPath));
      const [nodeAfter, postgresAfter] = cpuTimes(app, environment);
      const added = (await count()) - before;
      assert.ok(added >= answered, `${answered} logouts were answered, ${added} are in the table`);
      const each = (ms: number): number => (ms * 1000) / answered;
      costs.push({ app, node: each(nodeAfter - node), postgres: each(postgresAfter - postgres) });
      return perSecond;
    };
    const scores = await takeTurns(bench, [
      { name: 'POST', turn: () => post(apps.ours, '/echo') },
      { name: 'home-made', turn: () => kept(apps.homeMade, () => count(theirs, 'revoked_jwt')) },
      { name: 'ours', turn: () => kept(apps.ours, () => count(ours, 'revoked_tokens')) },
    ]);
    return [
      measure('our logout, durable', 'logouts/s', scores('ours')),
      measure('the same app: a POST that reads and answers the same', 'requests/s', scores('POST')),
      measure('home-made logout (repository.save)', 'logouts/s', scores('home-made')),
      ...costsOf('our logout', apps.ours, costs),
      ...costsOf('home-made logout', apps.homeMade, costs),
      measure('our logouts that share a transaction', '', [await perTransaction(ours)]),
      ratio('our logout ÷ the POST', scores('ours'), scores('POST'), { atLeast: 0.5 }),
      ratio('our logout ÷ home-made', scores('ours'), scores('home-made'), { atLeast: 5 }),
    ];
  });
};

interface Cost {
  readonly app: BenchApp;
  /** CPU time in µs, of the application. */
  readonly node: number;
  readonly postgres: number;
}

const cpuTimes = (
  app: BenchApp,
  { postgresPid }: BenchEnvironment,
): [node: number, postgres: number] => [cpuTimeMs(app.pid), cpuTimeMs(postgresPid)];

function costsOf(name: string, app: BenchApp, costs: readonly Cost[]): Measure[] {
  const own = costs.filter((cost) => cost.app === app);
  return [
    measure(
      `CPU time of Node, ${name}`,
      'µs',
      own.map(({ node }) => node),
    ),
    measure(
      `CPU time of PostgreSQL, ${name}`,
      'µs',
      own.map(({ postgres }) => postgres),
    ),
  ];
}

/** More than 64 share one where they were revoked beforehand, by SQL. */
async function perTransaction(url: string): Promise<number> {
  const sizes = `SELECT sum(length(prefixes)) / 32 AS size FROM revocation_log GROUP BY xid
    HAVING sum(length(prefixes)) / 32 <= 64`;
  const [row] = await query<{ size: string }>(
    url,
    `SELECT avg(size)::text AS size FROM (${sizes})`,
  );
  return Number(row?.size);
}

function posts({ seconds }: Bench, url: string) {
  return { url, seconds, connections: CONNECTIONS, method: 'POST', signedBy: 'HS256' } as const;
}

async function count(url: string, table: string): Promise<number> {
  const [row] = await query<{ count: string }>(url, `SELECT count(*) FROM ${table}`);
  return Number(row?.count);
}
