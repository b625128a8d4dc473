import { about } from '../../../src/testing/contract/contract';
import { AuditLog, SessionTerminator, type VerifiedToken } from '../../../src';
import { SessionTermination } from '../../../src/logout/session-terminator';
import { MemoryRevocationStore } from '../../../src/stores/memory';

const TOKEN: VerifiedToken = {
  claims: { sub: 'ada', jti: 't-1', iat: 0, exp: 1 },
  subject: 'ada',
  sessionId: undefined,
  revocationKey: '07'.repeat(32),
  keys: about(['07'.repeat(32)]),
  expiresAtMs: 2000,
};

class OwnTerminator extends SessionTerminator {
  readonly name = 'own';

  constructor(override readonly terminate: SessionTerminator['terminate']) {
    super();
  }
}

describe('The end of what belongs to a user', () => {
  let store: MemoryRevocationStore;
  let lines: string[];
  let audit: AuditLog;
  let errors: unknown[];

  beforeEach(() => {
    store = new MemoryRevocationStore();
    lines = [];
    errors = [];
    audit = new AuditLog(store.audit, (line, outcome) => lines.push(`${outcome} ${line}`));
  });
  afterEach(() => audit.close());

  const run = (...work: SessionTerminator['terminate'][]): Promise<void> =>
    new SessionTermination(
      work.map((one) => new OwnTerminator(one)),
      audit,
      (error) => errors.push(error),
      20,
    ).run({}, TOKEN, { ip: '192.0.2.1' });

  it('is over at once when nothing does', async () => {
    await run();
    expect([errors, lines]).toEqual([[], []]);
  });

  it('prints what a terminator has committed', async () => {
    await run((_request, _token, _origin, committed) => {
      committed?.({ event: 'session_expired', outcome: 'success', subject: 'ada' });
      return Promise.resolve();
    });
    expect(lines).toEqual([
      'success {"event":"session_expired","outcome":"success","subject":"ada"}',
    ]);
  });

  it('logs and audits one that fails, by its name', async () => {
    const error = new Error('broken');
    await run(() => Promise.reject(error));
    expect(errors).toEqual([error]);
    await audit.close();
    expect((await audit.find({})).events).toEqual([
      {
        id: expect.any(String) as string,
        occurredAt: expect.any(Date) as Date,
        event: 'session_expired',
        outcome: 'failure',
        reason: 'terminator_failed',
        ip: '192.0.2.1',
        subject: 'ada',
        tokenId: 't-1',
        tokenFingerprint: '07'.repeat(32),
        detail: { terminator: 'own' },
      },
    ]);
  });

  it('waits no longer than the limit for one that never ends', async () => {
    await run(() => new Promise(() => undefined));
    expect(errors).toEqual([new Error('A session terminator took longer than 20 ms.')]);
    expect(lines).toEqual([expect.stringContaining('"reason":"terminator_timeout"')]);
  });

  it('hears nothing more of one that fails after the limit', async () => {
    let fail: (error: Error) => void = () => undefined;
    await run(() => new Promise((_, reject) => (fail = reject)));
    fail(new Error('too late'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toHaveLength(1);
  });
});
