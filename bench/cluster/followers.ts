import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresRevocationStore } from '../../src/postgres';
import type { BenchEnvironment } from '../bench-environment';
import { atRate, SETTLE_MS, spreadOf, type Plan, type Size, type Spread } from './figures';
import { Fleet } from './fleet';
import { ConnectionCount } from './servers';

const HOUR_MS = 3_600_000;

/** So many stores that follow one source, and one more, with PostgreSQL, that logs out. */
export async function measureFollowers(
  environment: BenchEnvironment,
  { source, count }: Pick<Size, 'source' | 'count'>,
  { rates, seconds, step }: Plan,
): Promise<Size> {
  const url = await environment.createDatabase();
  const writer = new PostgresRevocationStore({ url });
  const fleet = new Fleet(environment, { source, count }, url);
  const logOut = async (): Promise<void> => {
    const key = randomBytes(32).toString('hex');
    fleet.tell({ watch: key });
    await revoke(writer, key);
    fleet.tell({ loggedOut: key, at: performance.timeOrigin + performance.now() });
  };
  const spreadAt = async (rate: number): Promise<Spread> => {
    const { costs, result: logouts } = await fleet.during(() => atRate(rate, seconds, logOut));
    await Promise.all(logouts);
    return spreadOf(rate, costs, await fleet.seen());
  };
  const what = `${count} followers ${source === 'postgres' ? 'of PostgreSQL' : `behind ${source}`}`;
  try {
    step(`${what}: starting`);
    await writer.open();
    await fleet.start();
    await sleep(SETTLE_MS);
    step(`${what}: idle`);
    const toPostgres = new ConnectionCount(environment.postgresPort);
    const toBroker = fleet.broker && new ConnectionCount(fleet.broker.port);
    const { costs: idle } = await fleet.during(() => sleep(seconds * 1000));
    const spreads: Spread[] = [];
    for (const rate of rates) {
      step(`${what}: ${rate} logouts a second`);
      spreads.push(await spreadAt(rate));
    }
    return {
      ...{ kind: 'followers', source, count, idle, spreads },
      postgresConnections: toPostgres.end(),
      ...(toBroker !== undefined && { brokerConnections: toBroker.end() }),
    };
  } finally {
    await fleet.stop();
    await writer.close();
  }
}

async function revoke(writer: PostgresRevocationStore, key: string): Promise<void> {
  const token = { scope: 'token', issuer: 'https://login.example', subject: 'ada' } as const;
  const expiresAt = new Date(Date.now() + HOUR_MS);
  await writer.add(
    { ...token, key, issuedBefore: 'infinity', expiresAt },
    { event: 'authn_token_revoked', outcome: 'success', scope: 'token' },
  );
}
