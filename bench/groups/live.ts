import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { LiveState } from '../apps/live';
import type { Group } from '../bench';
import { withApps, type BenchApp } from '../bench-app';
import { measure, percentile } from '../statistics';

const SOCKETS = 10_000;
const SOCKETS_OF_A_TOKEN = 20;
const LOGOUTS_A_ROUND = 10;
/** So many at once that the server's backlog takes them. */
const OPENED_AT_ONCE = 100;

/** From a logout's 200 on one instance to the close of the last WebSocket on another. */
export const live: Group = async ({ environment, rounds, progress }) => {
  const env = { DATABASE_URL: await environment.createDatabase() };
  const setups = {
    here: { module: 'ours', platform: 'fastify', env: { ...env, REVOKED_BEFOREHAND: 'none' } },
    there: { module: 'live', platform: 'express', env },
  } as const;
  return withApps(environment, setups, async ({ here, there }) => {
    const sign = (): string => environment.signer.sign('HS256');
    const tokens = Array.from({ length: rounds * LOGOUTS_A_ROUND }, sign);
    const owned = tokens.flatMap((token) => Array<string>(SOCKETS_OF_A_TOKEN).fill(token));
    const others = Array.from({ length: SOCKETS - owned.length }, sign);
    const before = await there.ask<LiveState>({});
    const sockets = await openAll(there, [...owned, ...others]);
    const { size, residentBytes } = await there.ask<LiveState>({});
    assert.equal(size, SOCKETS, 'not every socket was let in');
    const delays: number[][] = [];
    for (let round = 0; round < rounds; round += 1) {
      const ofRound: number[] = [];
      for (let index = 0; index < LOGOUTS_A_ROUND; index += 1) {
        const at = (round * LOGOUTS_A_ROUND + index) * SOCKETS_OF_A_TOKEN;
        const own = sockets.slice(at, at + SOCKETS_OF_A_TOKEN);
        ofRound.push(await delayOf(owned[at] ?? '', own, here));
      }
      delays.push(ofRound);
      progress(`  round ${round + 1} of ${rounds}: ${percentile(ofRound, 50).toFixed(1)} ms`);
    }
    const after = await there.ask<LiveState>({});
    assert.equal(after.lookedAt - before.lookedAt, owned.length, 'others were looked at, too');
    assert.equal(after.size, others.length, 'others were closed, too');
    for (const socket of sockets) socket.terminate();
    const all = delays.flat();
    const closing = (percent: number, atMost: number) =>
      measure(
        `200 here to the last of ${SOCKETS_OF_A_TOKEN} of ${SOCKETS} sockets closed there, p${percent}`,
        'ms',
        delays.map((ofRound) => percentile(ofRound, percent)),
        { value: percentile(all, percent), goal: { atMost } },
      );
    const bytes = (residentBytes - before.residentBytes) / SOCKETS;
    return [
      closing(50, 20),
      closing(99, 50),
      measure('memory for each socket, all of it (RSS)', 'B', [bytes]),
    ];
  });
};

async function openAll({ url }: BenchApp, tokens: readonly string[]): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  for (let at = 0; at < tokens.length; at += OPENED_AT_ONCE) {
    const batch = tokens.slice(at, at + OPENED_AT_ONCE).map(
      (token) =>
        new WebSocket(`${url.replace('http', 'ws')}/live`, {
          headers: { authorization: `Bearer ${token}` },
          perMessageDeflate: false,
        }),
    );
    await Promise.all(batch.map((socket) => once(socket, 'open')));
    sockets.push(...batch);
  }
  return sockets;
}

async function delayOf(
  token: string,
  sockets: readonly WebSocket[],
  here: BenchApp,
): Promise<number> {
  const closed = Promise.all(
    sockets.map(async (socket) => {
      const [code] = (await once(socket, 'close')) as [number];
      assert.equal(code, 4401);
      return performance.now();
    }),
  );
  const { status } = await fetch(here.url + here.logoutPath, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  const answered = performance.now();
  assert.equal(status, 200);
  return Math.max(...(await closed)) - answered;
}
