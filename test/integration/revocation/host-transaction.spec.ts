import { DataSource } from 'typeorm';
import { AuditLog } from '../../../src/audit/audit-log';
import { RevokedTokensService } from '../../../src/revocation/revoked-tokens.service';
import { PostgresRevocationStore } from '../../../src/postgres';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';
import { PATIENCE } from '../../support/patience';

describe("Revoking inside the host's own transaction", () => {
  const issuer = new TestIssuer();
  let database: TestDatabase;
  let host: DataSource;
  let store: PostgresRevocationStore;
  let audit: AuditLog;
  let tokens: RevokedTokensService;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    host = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    await host.query('CREATE TABLE users (name text, is_active boolean)');
    store = new PostgresRevocationStore(host, PATIENCE);
    await store.open();
    audit = new AuditLog(store.audit, () => undefined);
    const rules = { issuer: ISSUER, audience: AUDIENCE, keys: issuer.key };
    tokens = new RevokedTokensService(
      new TokenVerifier({ ...rules, algorithms: ['HS256'] }),
      store,
      audit,
    );
  });
  afterAll(async () => {
    await audit.close();
    await store.close();
    await host.destroy();
    await database.drop();
  });
  const verdict = async (text: string) => (await tokens.authenticate(text)).verdict;

  it('takes effect when the host commits, together with what else the host did', async () => {
    const text = issuer.token({ jti: 'committed' });
    await host.transaction(async (manager) => {
      await manager.query("INSERT INTO users VALUES ('ada', false)");
      await tokens.revoke(text, { manager, reason: 'deactivated', actor: 'admin' });
      expect(await verdict(text)).toBe('live');
    });
    expect(await verdict(text)).toBe('revoked');
    const { events } = await audit.find({ tokenId: 'committed', outcome: 'success' });
    expect(events).toMatchObject([{ reason: 'deactivated', actor: 'admin' }]);
  });

  it('never was when the host rolls back', async () => {
    const text = issuer.token({ jti: 'rolled back' });
    const transaction = host.transaction(async (manager) => {
      await tokens.revoke(text, { manager });
      throw new Error('the host changed its mind');
    });
    await expect(transaction).rejects.toThrow('the host changed its mind');
    expect(await verdict(text)).toBe('live');
    expect((await audit.find({ tokenId: 'rolled back' })).events).toEqual([]);
  });
});
