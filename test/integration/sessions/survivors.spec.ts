import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionTokens } from '../../../src/sessions/session-issuance';
import { CoreProcess, type RemoteCore } from '../../support/core-process';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { until } from '../../support/until';

/** How many times as often as in a short run; 1000 make 10 000 interleavings with each ending. */
const RUNS = Number(process.env['SESSION_RUNS'] ?? 1);
const secret = (): string => randomBytes(32).toString('hex');

/** What ends the session of these tokens; `other` is another session of its user, opened before. */
type Ending = (
  core: RemoteCore,
  tokens: SessionTokens,
  user: string,
  other: SessionTokens,
) => Promise<unknown>;

const ENDINGS: Readonly<Record<string, Ending>> = {
  'a logout with its access token': (core, { accessToken }) => core.tokens.revoke(accessToken),
  'its own end': (core, { session }) => core.sessions.end(session.sid),
  'a revocation of its first refresh token': (core, { refreshToken }) =>
    core.sessions.endByRefreshToken(refreshToken),
  'a logout of all other devices': (core, _, user, { session }) =>
    core.sessions.endOthers(user, session.sid),
  'a logout of all devices': (core, _, user) => core.sessions.endAll(user),
  'a revocation of its user': (core, _, subject) => core.bulk.revokeSubject({ subject }),
  'a login that replaces it': (core, { refreshToken }, user) =>
    core.sessions.open(user, { previous: refreshToken }),
};

const refused = (error: unknown): undefined => {
  if (error instanceof Error && error.name === 'TokenRejectedError') return undefined;
  throw error;
};

describe('Two processes: refreshes while the session is ended by', () => {
  let database: TestDatabase;
  let processes: readonly [CoreProcess, CoreProcess];
  let cores: readonly [RemoteCore, RemoteCore];

  beforeAll(async () => {
    database = await createMigratedDatabase();
    const settings = {
      databaseUrl: database.url,
      store: { writeTimeoutMs: 20_000, lookupTimeoutMs: 20_000 },
      sessions: { signingKeys: secret(), refreshKeys: secret() },
    };
    processes = await Promise.all([CoreProcess.start(settings), CoreProcess.start(settings)]);
    cores = [processes[0].core, processes[1].core];
  });
  afterAll(async () => {
    for (const process of processes) await process.stop();
    await database.drop();
  });

  async function race(end: Ending, at: number): Promise<void> {
    const user = randomUUID();
    const [one, other] = at % 2 === 0 ? cores : [cores[1], cores[0]];
    const first = await one.sessions.open(user);
    const elsewhere = await other.sessions.open(user);
    const refreshing = Array.from({ length: 6 }, async (_, place) => {
      await sleep(Math.random() * 4);
      return (place % 2 === 0 ? one : other).sessions.refresh(first.refreshToken).catch(refused);
    });
    const [, ...refreshed] = await Promise.all([end(other, first, user, elsewhere), ...refreshing]);
    const minted = [first, ...refreshed.filter((tokens) => tokens !== undefined)];

    for (const core of cores)
      await until(async () => {
        const verdicts = await Promise.all(
          minted.map(({ accessToken }) => core.tokens.authenticate(accessToken)),
        );
        return verdicts.every(({ verdict }) => verdict === 'revoked');
      });
    for (const { refreshToken } of minted)
      expect(await one.sessions.refresh(refreshToken).catch(refused)).toBeUndefined();
  }

  it.each(Object.entries(ENDINGS))(
    '%s leave no token of either kind alive',
    async (_, end) => {
      for (let round = 0; round < RUNS; round += 1)
        await Promise.all(Array.from({ length: 10 }, (__, at) => race(end, at)));
    },
    60_000 * RUNS,
  );
});
