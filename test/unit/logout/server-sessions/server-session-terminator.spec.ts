import { about } from '../../../../src/testing/contract/contract';
import {
  ANY_ISSUE_TIME,
  ExpressSessionTerminator,
  FastifySessionTerminator,
  StoreUnavailableError,
  type AuditEvent,
  type Revocation,
  type ServerSessionStore,
  type VerifiedToken,
} from '../../../../src';
import { sessionIdKey } from '../../../../src/tokens/identity';
import { FaultyStore } from '../../../support/faulty-store';

const TOKEN: VerifiedToken = {
  claims: { iss: 'https://login.example', sub: 'ada', jti: 't-1', iat: 0, exp: 1 },
  subject: 'ada',
  sessionId: undefined,
  revocationKey: '07'.repeat(32),
  keys: about(['07'.repeat(32)]),
  expiresAtMs: 2000,
};
const SOURCE = { ip: '192.0.2.1' };

class RecordingStore extends FaultyStore {
  readonly added: Revocation[] = [];

  override add(revocation: Revocation, event: AuditEvent): Promise<boolean> {
    this.added.push(revocation);
    return super.add(revocation, event);
  }
}

const ignored = (): void => undefined;
const sessions = (): ServerSessionStore => ({ get: ignored, set: ignored, destroy: ignored });

/** A session as both packages have it; tells when it was destroyed. */
class OwnSession {
  readonly id: unknown = 'the-id';
  readonly sessionId: unknown = 'the-id';
  readonly cookie = { expires: null as Date | null, originalMaxAge: null };
  wasDestroyed = false;
  error: Error | undefined;

  destroy(callback: (error?: unknown) => void): void {
    this.wasDestroyed = true;
    callback(this.error);
  }
}

describe.each([
  ['ExpressSessionTerminator', 'express-session', ExpressSessionTerminator],
  ['FastifySessionTerminator', '@fastify/session', FastifySessionTerminator],
])('%s', (_, name, Terminator) => {
  let sessionStore: ServerSessionStore;
  let revocations: RecordingStore;
  let session: OwnSession;
  let printed: AuditEvent[];

  beforeEach(() => {
    sessionStore = sessions();
    revocations = new RecordingStore();
    session = new OwnSession();
    printed = [];
  });

  const terminate = (request: object): Promise<void> =>
    new Terminator(sessionStore, revocations).terminate(request, TOKEN, SOURCE, (event) =>
      printed.push(event),
    );

  it('bears the name of its package', () => {
    expect(new Terminator(sessionStore, revocations).name).toBe(name);
  });

  it('revokes the hash of the id for a day, then destroys the session', async () => {
    const before = Date.now();
    await terminate({ session });
    expect(revocations.added).toEqual([
      {
        key: sessionIdKey('the-id'),
        scope: 'server-session',
        issuedBefore: ANY_ISSUE_TIME,
        expiresAt: expect.any(Date) as Date,
        issuer: 'https://login.example',
        subject: 'ada',
      },
    ]);
    const kept = revocations.added[0]?.expiresAt.getTime() ?? 0;
    expect(kept - 86_400_000).toBeGreaterThanOrEqual(before);
    expect(kept - 86_400_000).toBeLessThanOrEqual(Date.now());
    expect(session.wasDestroyed).toBe(true);
  });

  it('prints the event that it committed, once', async () => {
    await terminate({ session });
    const { events } = await revocations.audit.find({});
    expect(events).toEqual([expect.objectContaining(printed[0])]);
    expect(printed).toEqual([
      {
        event: 'session_expired',
        outcome: 'success',
        scope: 'server-session',
        ip: '192.0.2.1',
        issuer: 'https://login.example',
        subject: 'ada',
        tokenId: 't-1',
        tokenFingerprint: '07'.repeat(32),
        detail: {
          terminator: name,
          sessionFingerprint: sessionIdKey('the-id'),
        },
      },
    ]);
  });

  it('prints nothing for a session that has ended before', async () => {
    session.cookie.expires = new Date(Date.now() + 7 * 86_400_000);
    await terminate({ session });
    await terminate({ session });
    expect(printed).toHaveLength(1);
  });

  it('ends a session where there is no audit to print to', async () => {
    const terminator = new Terminator(sessionStore, revocations);
    await terminator.terminate({ session }, TOKEN, SOURCE);
    expect(session.wasDestroyed).toBe(true);
  });

  it.each<[string, object]>([
    ['has no session', {}],
    ['has a session of null', { session: null }],
    ['has a session that cannot be destroyed', { session: { id: 'a', sessionId: 'a' } }],
    ['has a session without an id', { session: { destroy: ignored } }],
    ['has a session whose id is no text', { session: { id: 1, sessionId: 1, destroy: ignored } }],
  ])('does nothing when the request %s', async (_reason, request) => {
    await terminate(request);
    expect(revocations.added).toEqual([]);
    expect(printed).toEqual([]);
  });

  it('only destroys a session that was opened for this very request', async () => {
    await terminate({ session, headers: { host: 'api' } });
    expect(session.wasDestroyed).toBe(true);
    expect(revocations.added).toEqual([]);
  });

  it.each([{ headers: { cookie: 'sid=1' } }, { headers: null }, { headers: 'none' }])(
    'revokes a session that the client may have named (%j)',
    async (request) => {
      await terminate({ session, ...request });
      expect(revocations.added).toHaveLength(1);
    },
  );

  it('destroys the session, and says so, when it could not be revoked', async () => {
    revocations.addFails = 'before';
    await expect(terminate({ session })).rejects.toThrow(StoreUnavailableError);
    expect(session.wasDestroyed).toBe(true);
    expect(printed).toEqual([]);
  });

  it('tells when the session could not be destroyed', async () => {
    session.error = new Error('store away');
    await expect(terminate({ session })).rejects.toThrow('store away');
    expect(revocations.added).toHaveLength(1);
  });

  it('ends the session of the store that it was given', async () => {
    await terminate({ session, sessionStore });
    expect(session.wasDestroyed).toBe(true);
  });

  it('refuses to call a session ended that lives in another store', async () => {
    await expect(terminate({ session, sessionStore: sessions() })).rejects.toThrow(
      new TypeError(
        'nestjs-logout: "sessionStore" must be the store that the session package was given, ' +
          'got another store than that of the request.',
      ),
    );
    expect(revocations.added).toEqual([]);
  });

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    ['redis', 'a string'],
    [{ set: ignored, destroy: ignored }, 'an object'],
    [{ get: ignored, destroy: ignored }, 'an object'],
    [{ get: ignored, set: ignored }, 'an object'],
  ])('refuses %p for a session store', (store, got) => {
    expect(() => new Terminator(store as ServerSessionStore, revocations)).toThrow(
      new TypeError(
        'nestjs-logout: "sessionStore" must be the store that the session package was given, ' +
          `with get, set and destroy, got ${got}.`,
      ),
    );
  });

  it('refuses to do without a revocation store', () => {
    expect(() => new Terminator(sessionStore, {} as FaultyStore)).toThrow(
      new TypeError('nestjs-logout: "revocationStore" must be a RevocationStore, got an object.'),
    );
  });
});
