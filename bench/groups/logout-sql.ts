import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { PostgresRevocationStore } from '../../src/postgres';
import type { Addition } from '../../src/revocation/unit-of-work';
import { Tables } from '../../src/stores/postgres/connection/tables';
import { AdditionBatch, storableAddition } from '../../src/stores/postgres/writes/additions';
import type { Bench, Group } from '../bench';
import { backendCpuMs } from '../cpu-time';
import { MAKE_BY_JSON, messageByJson } from '../fixtures/logout-by-json';
import { takeTurns } from '../rounds';
import { measure, ratio } from '../statistics';

const PER_TURN = 6400;
const TIMEOUT_MS = 60_000;
const LIFETIME_MS = 1_800_000;
const AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML) Chrome/130.0 Safari/537.36';

/** CPU time of the backend that a logout takes, by how many share a commit. */
export const logoutSql: Group = async (bench) => {
  const ours = await Backend.of(bench, 'ours', ourMessage);
  const before = await Backend.of(bench, 'before', (additions) =>
    messageByJson(additions, TIMEOUT_MS),
  );
  try {
    const turns = [64, 256].flatMap((size) =>
      [ours, before].map((backend) => ({
        name: `${backend.name} ${size}`,
        turn: () => backend.microsecondsEach(size),
      })),
    );
    await Promise.all([ours, before].map((backend) => backend.microsecondsEach(64))); // to warm up
    const scores = await takeTurns(bench, turns);
    return [64, 256].flatMap((size) => [
      measure(
        `CPU time of the backend, a logout of ${size} a commit`,
        'µs',
        scores(`ours ${size}`),
        {
          ...(size === 256 && { goal: { atMost: 30 } }),
        },
      ),
      measure(`the same by JSON, as it was`, 'µs', scores(`before ${size}`)),
      ratio(`ours ÷ by JSON, ${size} a commit`, scores(`ours ${size}`), scores(`before ${size}`), {
        atMost: 0.46,
      }),
    ]);
  } finally {
    await Promise.all([ours.close(), before.close()]);
  }
};

type MessageOf = (additions: readonly Addition[]) => string;

const ourMessage: MessageOf = (additions) =>
  new AdditionBatch(additions.map(storableAddition)).message(
    new Tables('nestjs_logout'),
    TIMEOUT_MS,
    [],
  );

/** A database with a connection that adds to it, as group commit does. */
class Backend {
  private constructor(
    readonly name: string,
    private readonly client: Client,
    private readonly pid: number,
    private readonly messageOf: MessageOf,
  ) {}

  static async of({ environment }: Bench, name: string, messageOf: MessageOf): Promise<Backend> {
    const url = await environment.createDatabase();
    const store = new PostgresRevocationStore({ url });
    await store.open();
    await store.close();
    const client = new Client({ connectionString: url });
    await client.connect();
    if (name === 'before') {
      // What was before had no log.
      await client.query('DROP TRIGGER revoked_tokens_log ON nestjs_logout.revoked_tokens');
      for (const sql of MAKE_BY_JSON) await client.query(sql);
    }
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return new Backend(name, client, rows[0]?.pid ?? 0, messageOf);
  }

  async microsecondsEach(size: number): Promise<number> {
    const messages = Array.from({ length: PER_TURN / size }, () =>
      this.messageOf(Array.from({ length: size }, logoutOfSomeone)),
    );
    const before = backendCpuMs(this.pid);
    for (const message of messages) await this.client.query(message);
    return ((backendCpuMs(this.pid) - before) * 1000) / PER_TURN;
  }

  close(): Promise<void> {
    return this.client.end();
  }
}

/** Of a token that lives for half an hour, with all that an ordinary request tells. */
function logoutOfSomeone(): Addition {
  const key = randomBytes(32).toString('hex');
  const token = {
    scope: 'token',
    issuer: 'https://login.example',
    subject: `user-${randomInt(100_000)}`,
    tokenId: randomUUID(),
  } as const;
  return {
    revocation: {
      ...token,
      key,
      issuedBefore: 'infinity',
      expiresAt: new Date(Date.now() + LIFETIME_MS + randomInt(60_000)),
    },
    event: {
      ...token,
      event: 'authn_token_revoked',
      outcome: 'success',
      tokenFingerprint: key,
      ip: `10.1.${randomInt(256)}.${randomInt(256)}`,
      userAgent: AGENT,
      requestId: randomUUID(),
    },
  };
}
