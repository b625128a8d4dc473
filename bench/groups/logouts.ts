import assert from 'node:assert/strict';
import type { Bench, Group } from '../bench';
import { FreshTokens } from '../fresh-tokens';
import { query } from '../postgres';
import { takeTurns } from '../rounds';
import { withSides, type Side } from '../side';
import { measure, ratio } from '../statistics';

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
    const post = async (side: Side, path: string): Promise<number> =>
      (await fresh.send(posts(bench, side.url + path))).perSecond;
    const kept = async (side: Side, count: () => Promise<number>): Promise<number> => {
      const before = await count();
      const { answered, perSecond } = await fresh.send(posts(bench, side.url + side.logoutPath));
      const added = (await count()) - before;
      assert.ok(added >= answered, `${answered} logouts were answered, ${added} are in the table`);
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
      ratio('our logout ÷ the POST', scores('ours'), scores('POST'), { atLeast: 0.5 }),
      ratio('our logout ÷ home-made', scores('ours'), scores('home-made'), { atLeast: 5 }),
    ];
  });
};

function posts({ seconds }: Bench, url: string) {
  return { url, seconds, connections: CONNECTIONS, method: 'POST', signedBy: 'HS256' } as const;
}

async function count(url: string, table: string): Promise<number> {
  const [row] = await query<{ count: string }>(url, `SELECT count(*) FROM ${table}`);
  return Number(row?.count);
}
