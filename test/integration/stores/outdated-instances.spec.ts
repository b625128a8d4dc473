import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { AuditLog } from '../../../src/audit/audit-log';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { BulkRevocation } from '../../../src/revocation/bulk-revocation';
import { OutdatedInstanceError } from '../../../src/revocation/errors';
import { login, refreshOf } from '../../../src/testing/contract/session-orders';
import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { TestIssuer } from '../../support/tokens';
import { hostOf, openStore } from './open-store';

const SENTENCE = /^Upgrade all instances first, then revoke again: .* Nothing was changed\.$/;

let database: TestDatabase;
let store: PostgresRevocationStore;
let host: DataSource;
let bulk: BulkRevocation;

beforeAll(async () => {
  database = await createMigratedDatabase();
  store = await openStore(database.url, { maxStalenessMs: 60_000 });
  host = await hostOf(database.url).initialize();
  const rules = { algorithms: ['HS256'] as const, keys: new TestIssuer().key, audience: null };
  const verifier = new TokenVerifier({ ...rules, issuer: 'https://login.example' });
  bulk = new BulkRevocation(verifier, store, new AuditLog(store.audit, () => undefined));
});

afterAll(async () => {
  await host.destroy();
  await store.close();
  await database.drop();
});

/** As an instance of the first versions announces itself, so long ago; it counts for 20 s. */
const announceOld = (secondsAgo = 0): Promise<unknown> =>
  database.query(
    `INSERT INTO replica_instances (instance_id, max_staleness_ms, snapshot, server, seen_at)
     VALUES ($1, 2000, '1:1:', '', now() - $2::float * interval '1 second')`,
    [randomUUID(), secondsAgo],
  );

describe('While an instance of an older version answers from memory', () => {
  beforeAll(() => announceOld(-3600));
  afterAll(() => database.query('DELETE FROM replica_instances WHERE speaks < 2'));

  it.each<[string, () => Promise<unknown>]>([
    ['a subject', () => bulk.revokeSubject({ subject: 'ada' })],
    ['its tokens', () => bulk.revokeSubject({ subject: 'ada', reach: 'tokens' })],
    ['a client', () => bulk.revokeClient({ clientId: 'shop' })],
    ['an issuer', () => bulk.revokeIssuer({})],
    ['sessions', () => bulk.revokeSessions({ sessionIds: ['s1', 's2'] })],
    ['a subject for good', () => store.add(revocation({ scope: 'subject' }), logout())],
    [
      'a subject in a transaction of the host’s',
      () => host.transaction((manager) => bulk.revokeSubject({ subject: 'ada' }, { manager })),
    ],
    [
      'sessions in a transaction of the host’s',
      () => host.transaction((manager) => bulk.revokeSessions({ sessionIds: ['s'] }, { manager })),
    ],
    ['sessions of ours that a login replaces', () => store.sessions.open(login())],
    ['one of ours', () => store.sessions.end({ ...login(), sids: ['s'], endedBy: 'logout' })],
    ['all others of ours', () => store.sessions.endOthers(login())],
    ['one of ours that is reused', () => store.sessions.refresh(refreshOf(login(), 0))],
    [
      'one of ours in a transaction of the host’s',
      () =>
        host.transaction((manager) =>
          store.sessions.end({ ...login(), sids: ['s'], endedBy: 'logout' }, manager),
        ),
    ],
  ])('%s cannot be revoked, and the error says what to do', async (_, revoke) => {
    const error: unknown = await revoke().catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(OutdatedInstanceError);
    expect(error).toMatchObject({ message: expect.stringMatching(SENTENCE) as string });
    const { revocations } = await store.find({});
    expect(revocations.filter(({ scope }) => scope !== 'token')).toEqual([]);
  });

  it('single tokens are revoked, also those that share a commit with what is refused', async () => {
    const [one, other, session] = [revocation(), revocation(), revocation({ scope: 'session' })];
    const outcomes = await Promise.allSettled(
      [one, session, other].map((each) => store.add(each, logout())),
    );

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(store.known(about([one.key]))).toBe(true);
    expect(store.known(about([session.key]))).toBe(false); // nothing is in doubt
  });
});

describe('Where every instance knows all scopes', () => {
  it('this one says so, and revokes', async () => {
    const spoken = await database.query('SELECT speaks FROM replica_instances');

    expect(spoken).toEqual([{ speaks: 2 }]);
    await expect(bulk.revokeSubject({ subject: 'grace' })).resolves.toBeInstanceOf(Date);
  });

  it('one of an older version that is gone hinders nothing', async () => {
    await announceOld(21);

    await expect(bulk.revokeSessions({ sessionIds: ['s3'] })).resolves.toBe(1);
  });
});
