import assert from 'node:assert/strict';
import type { Bench, Group } from '../bench';
import { cpuTimeMs } from '../cpu-time';
import { FreshTokens } from '../fresh-tokens';
import { query } from '../postgres';
import { takeTurns } from '../rounds';
import { withSides, type Side } from '../side';
import { measure, ratio, type Measure } from '../statistics';
import type { Workplace } from '../workplace';

const CONNECTIONS = 64;

/** Durable logouts a second, each of a token of its own. */
export const logouts: Group = async (bench) => {
  const { workplace } = bench;
  const databases = [await workplace.createDatabase(), await workplace.createDatabase()] as const;
  const [ours, theirs] = databases;
  const setups = {
    ours: { module: 'ours', platform: 'fastify', env: { DATABASE_URL: ours } },
    homeMade: { module: 'typeorm-look-up', platform: 'fastify', env: { DATABASE_URL: theirs } },
  } as const;
  return withSides(workplace, setups, async (sides) => {
    const fresh = new FreshTokens(workplace);
    const costs: Cost[] = [];
    const post = async (side: Side, path: string): Promise<number> =>
      (await fresh.send(posts(bench, side.url + path))).perSecond;
    const kept = async (side: Side, count: () => Promise<number>): Promise<number> => {
      const [before, node, postgres] = [await count(), ...cpuTimes(side, workplace)];
      const { answered, perSecond } = await fresh.send(posts(bench, side.url + side.logoutPath));
      const [nodeAfter, postgresAfter] = cpuTimes(side, workplace);
      const added = (await count()) - before;
      assert.ok(added >= answered, `${answered} logouts were answered, ${added} are in the table`);
      const each = (ms: number): number => (ms * 1000) / answered;
      costs.push({ side, node: each(nodeAfter - node), postgres: each(postgresAfter - postgres) });
      return perSecond;
    };
    const scores = await takeTurns(bench, [
      { name: 'POST', turn: () => post(sides.ours, '/echo') },
      { name: 'home-made', turn: () => kept(sides.homeMade, () => count(theirs, 'revoked_jwt')) },
      { name: 'ours', turn: () => kept(sides.ours, () => count(ours, 'revoked_tokens')) },
    ]);
    return [
      measure('our logout, durable', 'logouts/s', scores('ours')),
      measure('the same app: a POST that reads and answers the same', 'requests/s', scores('POST')),
      measure('home-made logout (repository.save)', 'logouts/s', scores('home-made')),
      ...costsOf('our logout', sides.ours, costs),
      ...costsOf('home-made logout', sides.homeMade, costs),
      measure('our logouts that share a transaction', '', [await perTransaction(ours)]),
      ratio('our logout ÷ the POST', scores('ours'), scores('POST'), { atLeast: 0.5 }),
      ratio('our logout ÷ home-made', scores('ours'), scores('home-made'), { atLeast: 5 }),
    ];
  });
};

interface Cost {
  readonly side: Side;
  /** CPU time in µs, of the application. */
  readonly node: number;
  readonly postgres: number;
}

const cpuTimes = (side: Side, { postgresPid }: Workplace): [node: number, postgres: number] => [
  cpuTimeMs(side.pid),
  cpuTimeMs(postgresPid),
];

function costsOf(name: string, side: Side, costs: readonly Cost[]): Measure[] {
  const own = costs.filter((cost) => cost.side === side);
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
  const sizes = 'SELECT count(*) AS size FROM revoked_tokens GROUP BY xid HAVING count(*) <= 64';
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
