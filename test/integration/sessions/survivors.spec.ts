import { randomBytes, randomUUID } from 'node:crypto';
import type { LogoutCore } from '../../../src/core/compose';
import { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { TokenRejectedError } from '../../../src/revocation/errors';
import type { SessionTokens } from '../../../src/sessions/session-issuance';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { coreWithSessions } from '../../support/sessions';
import { until } from '../../support/until';

/** How many times as often as in a short run. */
const RUNS = Number(process.env['SESSION_RUNS'] ?? 1);
const KEYS = { signingKeys: randomBytes(32), refreshKeys: randomBytes(32) };

/** What ends a session, given its newest tokens. `undefined`: it lost, and ended nothing. */
type Ending = (core: LogoutCore, tokens: SessionTokens, user: string) => Promise<unknown>;

const ENDINGS: Readonly<Record<string, Ending>> = {
  'a logout with its access token': (core, { accessToken }) => core.tokens.revoke(accessToken),
  'its own end': (core, { session }) => core.sessions.end(session.sid),
  'a revocation of its first refresh token': (core, { refreshToken }) =>
    core.sessions.endByRefreshToken(refreshToken),
  'a logout of all other devices': async (core, _, user) => {
    const here = await core.sessions.open(user);
    return core.sessions.endOthers(user, here.session.sid);
  },
  'a logout of all devices': (core, _, user) => core.sessions.endAll(user),
  'a revocation of its user': (core, _, subject) => core.bulk.revokeSubject({ subject }),
  'a login that replaces it': (core, { refreshToken }, user) =>
    core.sessions.open(user, { previous: refreshToken }),
};

describe('Two instances: refreshes while the session is ended by', () => {
  let database: TestDatabase;
  let cores: readonly [LogoutCore, LogoutCore];

  beforeAll(async () => {
    database = await createMigratedDatabase();
    const start = async (): Promise<LogoutCore> => {
      const options = { writeTimeoutMs: 20_000, lookupTimeoutMs: 20_000 };
      const store = new PostgresRevocationStore({ url: database.url }, options);
      const core = coreWithSessions(store, KEYS);
      await core.open();
      return core;
    };
    cores = [await start(), await start()];
  });
  afterAll(async () => {
    for (const core of cores) await core.close();
    await database.drop();
  });

  const refused = (error: unknown): undefined => {
    if (error instanceof TokenRejectedError) return undefined;
    throw error;
  };

  it.each(Object.entries(ENDINGS))(
    '%s leave no token of either kind alive',
    async (_, end) => {
      for (let round = 0; round < 10 * RUNS; round += 1) {
        const user = randomUUID();
        const [one, other] = round % 2 === 0 ? cores : [cores[1], cores[0]];
        const first = await one.sessions.open(user);
        const minted: SessionTokens[] = [first];
        const refreshing = Array.from({ length: 6 }, async (__, at) => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
          const tokens = await (at % 2 === 0 ? one : other).sessions
            .refresh(first.refreshToken)
            .catch(refused);
          if (tokens !== undefined) minted.push(tokens);
        });
        await Promise.all([...refreshing, end(other, first, user)]);

        for (const core of cores)
          await until(async () => {
            const verdicts = await Promise.all(
              minted.map(async ({ accessToken }) => core.tokens.authenticate(accessToken)),
            );
            return verdicts.every(({ verdict }) => verdict === 'revoked');
          });
        for (const { refreshToken } of minted)
          expect(await one.sessions.refresh(refreshToken).catch(refused)).toBeUndefined();
      }
    },
    60_000 * RUNS,
  );
});
