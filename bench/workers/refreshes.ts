/** Refreshes sessions of its own, each by one caller at a time, for as long as it is told. */
import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { PostgresRevocationStore } from '../../src/postgres';
import { onGoodbye } from '../processes';

const SESSIONS = 2000;
const CALLERS = 128;
const DAY_SECONDS = 86_400;
const ENDING = { revokedSeconds: 3600, source: { ip: '203.0.113.7', userAgent: 'bench' } };

export interface Rotations {
  readonly perSecond: number;
}

interface Held {
  readonly refreshId: string;
  generation: number;
}

async function openSession(store: PostgresRevocationStore): Promise<Held> {
  const refreshId = randomBytes(32).toString('hex');
  await store.sessions.open({
    ...ENDING,
    refreshId,
    sid: randomBytes(16).toString('base64url'),
    issuer: 'https://login.example',
    subject: randomBytes(8).toString('hex'),
    clientId: 'bench',
    cutoffKeys: [1, 2, 3].map(() => randomBytes(32).toString('hex')),
    idleSeconds: DAY_SECONDS,
    absoluteSeconds: 30 * DAY_SECONDS,
    maxPerSubject: 100,
  });
  return { refreshId, generation: 0 };
}

async function refresh(store: PostgresRevocationStore, session: Held): Promise<void> {
  const { outcome } = await store.sessions.refresh({
    ...ENDING,
    refreshId: session.refreshId,
    generation: session.generation,
    idleSeconds: DAY_SECONDS,
    graceSeconds: 10,
    isAudited: true,
  });
  if (outcome !== 'rotated') throw new Error(`a refresh token was ${outcome}`);
  session.generation += 1;
}

async function measure(
  store: PostgresRevocationStore,
  sessions: readonly Held[],
  seconds: number,
): Promise<Rotations> {
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  let rotated = 0;
  await Promise.all(
    Array.from({ length: CALLERS }, async (_, caller) => {
      const own = sessions.filter((_session, at) => at % CALLERS === caller);
      for (;;)
        for (const session of own) {
          if (performance.now() >= endsAt) return;
          await refresh(store, session);
          rotated += 1;
        }
    }),
  );
  return { perSecond: (rotated * 1000) / (performance.now() - startedAt) };
}

async function main(): Promise<void> {
  const url = process.env.DATABASE_URL ?? '';
  const source = new DataSource({ type: 'postgres', url });
  const store = new PostgresRevocationStore(source, { writeTimeoutMs: 10_000 });
  onGoodbye(() => store.close());
  await store.open();
  const sessions: Held[] = [];
  while (sessions.length < SESSIONS)
    sessions.push(...(await Promise.all(Array.from({ length: 50 }, () => openSession(store)))));
  process.on('message', ({ seconds }: { readonly seconds: number }) => {
    void measure(store, sessions, seconds).then((rotations) => process.send?.(rotations));
  });
  process.send?.({});
}

void main();
