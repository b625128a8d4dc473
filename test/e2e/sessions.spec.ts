import request, { type Test } from 'supertest';
import { DataSource } from 'typeorm';
import {
  SessionTerminator,
  type AuditEvent,
  type AuthModuleOptions,
  type RevocationStore,
} from '../../src';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { PostgresRevocationStore } from '../../src/postgres';
import { sessionIdKey } from '../../src/tokens/identity';
import { DOCUMENTED, MeController, PLATFORMS, TestApp } from '../support/app';
import { auditOf } from '../support/audit';
import { createMigratedDatabase, type TestDatabase } from '../support/database';
import { FaultyStore } from '../support/faulty-store';
import { Barrier, sessionController, sessionHost, type SessionHost } from '../support/session-host';
import { TestIssuer } from '../support/tokens';
import { PATIENCE } from '../support/patience';

/** What hosts write without us: the session is destroyed, and that is all. */
class DestroyOnly extends SessionTerminator {
  readonly name = 'destroy-only';

  async terminate({ session }: { session?: { destroy(done: () => void): void } }): Promise<void> {
    await new Promise<void>((done) => session?.destroy(done));
  }
}

class OwnTerminator extends SessionTerminator {
  constructor(
    readonly name: string,
    private readonly work: () => Promise<void>,
  ) {
    super();
  }

  terminate(): Promise<void> {
    return this.work();
  }
}

const apps: TestApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

function get(app: TestApp, path: string, cookie: string): Test {
  return request(app.url).get(path).set('Cookie', cookie);
}

/** Sends it now, not when it is awaited. */
function sent(test: Test): Promise<request.Response> {
  return test.then((response) => response);
}

async function openSession(app: TestApp): Promise<string> {
  const { headers } = await app.post('/session/open').expect(201);
  return String(headers['set-cookie']).split(';', 1)[0] ?? '';
}

describe.each(PLATFORMS)('A server-side session at logout on %s', (platform) => {
  let host: SessionHost;
  let barrier: Barrier;
  let issuer: TestIssuer;
  let revocations: RevocationStore;

  beforeEach(() => {
    host = sessionHost(platform);
    barrier = new Barrier();
    issuer = new TestIssuer();
    revocations = new MemoryRevocationStore();
  });

  /** An instance of the host; all share sessions, revocations and keys. */
  async function start(
    options: Partial<AuthModuleOptions> = {},
    sessionStore = host.newStore(),
  ): Promise<TestApp> {
    const app = await TestApp.start(
      platform,
      {
        store: revocations,
        sessionTerminators: [host.terminator(sessionStore, revocations)],
        ...options,
      },
      {
        issuer,
        controllers: [MeController, sessionController(barrier)],
        configure: (nest) => host.install(nest, sessionStore),
      },
    );
    apps.push(app);
    return app;
  }

  const logout = (app: TestApp, cookie: string, bearer = issuer.token()): Test =>
    app.logout(bearer).set('Cookie', cookie).expect(200, DOCUMENTED.loggedOut);

  it('comes back, when it is only destroyed, with the slower request of its user', async () => {
    const app = await start({ sessionTerminators: [new DestroyOnly()] });
    const cookie = await openSession(app);
    const slow = sent(get(app, '/session/slow', cookie));
    await barrier.arrived;
    await logout(app, cookie);
    expect(host.storedIds()).toEqual([]);
    barrier.open();
    await slow;
    await get(app, '/session/who', cookie).expect(200, { user: 'ada' });
  });

  it('stays destroyed when a slower request of its user ends later (IDEM-07)', async () => {
    const app = await start();
    const bearer = issuer.token();
    const cookie = await openSession(app);
    const slow = sent(get(app, '/session/slow', cookie).set('Authorization', `Bearer ${bearer}`));
    await barrier.arrived;
    await logout(app, cookie, bearer);
    barrier.open();
    expect(await slow).toMatchObject({ status: 200, body: { user: 'ada' } });
    await app.me(bearer).set('Cookie', cookie).expect(401, DOCUMENTED.refused);
    await get(app, '/session/who', cookie).expect(200, { user: null });
    expect(host.storedIds()).toEqual([]);
  });

  it('stays destroyed on an instance where the slower request was at work', async () => {
    const [here, there] = [await start(), await start()];
    const cookie = await openSession(here);
    const slow = sent(get(there, '/session/slow', cookie));
    await barrier.arrived;
    await logout(here, cookie);
    barrier.open();
    await slow;
    await get(there, '/session/who', cookie).expect(200, { user: null });
    await get(here, '/session/who', cookie).expect(200, { user: null });
    expect(host.storedIds()).toEqual([]);
  });

  it('leaves the sessions of others alone', async () => {
    const app = await start();
    const [ended, other] = [await openSession(app), await openSession(app)];
    await logout(app, ended);
    await get(app, '/session/who', ended).expect({ user: null });
    await get(app, '/session/who', other).expect({ user: 'ada' });
  });

  it('tells the audit that it ended, by whose token and from where, without its id', async () => {
    const app = await start();
    const cookie = await openSession(app);
    const [id = ''] = host.storedIds();
    await logout(app, cookie, issuer.token({ jti: 't-1' })).set('User-Agent', 'browser');
    const events = await auditOf(app);
    expect(events.map(({ event, outcome }) => `${event}/${outcome}`)).toEqual([
      'session_expired/success',
      'authn_token_revoked/success',
    ]);
    expect(events[0]).toMatchObject({
      scope: 'server-session',
      tokenId: 't-1',
      userAgent: 'browser',
    });
    expect(events[0]?.detail).toEqual({
      terminator: host.terminator(host.newStore(), revocations).name,
      sessionFingerprint: sessionIdKey(id),
    });
    expect(JSON.stringify(events)).not.toContain(id);
  });

  it('is no matter to a logout without one, which leaves no trace of any', async () => {
    const app = await start();
    const answer = await app.logout(issuer.token()).expect(200, DOCUMENTED.loggedOut);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(host.storedIds()).toEqual([]);
    expect(await auditOf(app, { event: 'session_expired' })).toEqual([]);
  });

  it('is no matter to a host that has installed no session package', async () => {
    const terminator = host.terminator(host.newStore(), revocations);
    const app = await TestApp.start(platform, { sessionTerminators: [terminator] });
    apps.push(app);
    await app.logout(app.issuer.token()).set('Cookie', 'sid=1').expect(200, DOCUMENTED.loggedOut);
    expect(await auditOf(app, { event: 'session_expired' })).toEqual([]);
  });

  it('is handed to no request while it cannot be asked whether it ended', async () => {
    const faulty = new FaultyStore();
    revocations = faulty;
    const app = await start();
    const cookie = await openSession(app);
    faulty.isBlind = true;
    const { status, text } = await get(app, '/session/who', cookie);
    expect(status).toBe(500);
    expect(text).not.toContain('ada');
  });

  it('is reported as not ended when the terminator was given another store', async () => {
    const terminator = host.terminator(host.newStore(), revocations);
    const app = await start({ sessionTerminators: [terminator] });
    await logout(app, await openSession(app));
    expect(await auditOf(app, { event: 'session_expired' })).toEqual([
      expect.objectContaining({ outcome: 'failure', reason: 'terminator_failed' }),
    ]);
  });

  describe('with terminators of the host', () => {
    let ended: string[];
    let bearer: string;

    beforeEach(() => {
      ended = [];
      bearer = issuer.token();
    });

    const ending = (name: string): SessionTerminator =>
      new OwnTerminator(name, () => {
        ended.push(name);
        return Promise.resolve();
      });

    async function failures(app: TestApp): Promise<Partial<AuditEvent>[]> {
      const events = await auditOf(app, { event: 'session_expired', outcome: 'failure' });
      return events.map(({ reason, detail, subject }) => ({ reason, detail, subject }));
    }

    it('runs those beside ours', async () => {
      const sessionStore = host.newStore();
      const ours = host.terminator(sessionStore, revocations);
      const terminators = [ending('first'), ours, ending('last')];
      const app = await start({ sessionTerminators: terminators }, sessionStore);
      await logout(app, await openSession(app));
      expect(ended).toEqual(['first', 'last']);
      expect(host.storedIds()).toEqual([]);
    });

    it('runs them side by side: none waits for another to end', async () => {
      const firstIsAtWork = new Barrier();
      const first = new OwnTerminator('first', () => firstIsAtWork.pass());
      const second = new OwnTerminator('second', async () => {
        await firstIsAtWork.arrived;
        firstIsAtWork.open();
      });
      const app = await start({ sessionTerminators: [first, second] });
      await app.logout(bearer).expect(200, DOCUMENTED.loggedOut);
      expect(await failures(app)).toEqual([]);
    });

    it.each<[string, string, () => Promise<void>]>([
      ['rejects', 'terminator_failed', () => Promise.reject(new Error('broken'))],
      [
        'throws at once',
        'terminator_failed',
        () => {
          throw new Error('broken');
        },
      ],
      ['never ends', 'terminator_timeout', () => new Promise(() => undefined)],
    ])('answers 200, commits and audits when one %s', async (_, reason, work) => {
      const broken = new OwnTerminator('broken', work);
      const app = await start({ sessionTerminators: [broken, ending('whole')] });
      await app.logout(bearer).expect(200, DOCUMENTED.loggedOut);
      await app.me(bearer).expect(401, DOCUMENTED.refused);
      expect(ended).toEqual(['whole']);
      expect(await failures(app)).toEqual([
        { reason, detail: { terminator: 'broken' }, subject: 'ada' },
      ]);
    });

    it('runs none for a logout that is refused', async () => {
      const app = await start({ sessionTerminators: [ending('one')] });
      await app.logout(bearer, 'no token').expect(401, DOCUMENTED.refused);
      expect(ended).toEqual([]);
    });
  });

  describe('in PostgreSQL', () => {
    let database: TestDatabase;
    let dataSource: DataSource;

    beforeEach(async () => {
      database = await createMigratedDatabase();
      dataSource = new DataSource({ type: 'postgres', url: database.url });
      await dataSource.initialize();
      revocations = new PostgresRevocationStore(dataSource, PATIENCE);
    });

    afterEach(async () => {
      await Promise.all(apps.splice(0).map((app) => app.close()));
      await dataSource.destroy();
      await database.drop();
    });

    it('stays destroyed, and its id is kept as a hash alone', async () => {
      const app = await start();
      const cookie = await openSession(app);
      const [id = ''] = host.storedIds();
      const slow = sent(get(app, '/session/slow', cookie));
      await barrier.arrived;
      await logout(app, cookie);
      barrier.open();
      await slow;
      await get(app, '/session/who', cookie).expect({ user: null });
      const kept =
        await database.query(`SELECT row_to_json(r)::text AS row, key, issued_before::text
        FROM revoked_tokens r WHERE scope = 'server-session'`);
      expect(kept).toEqual([
        expect.objectContaining({
          key: Buffer.from(sessionIdKey(id), 'hex'),
          issued_before: 'infinity',
        }),
      ]);
      expect(JSON.stringify(kept)).not.toContain(id);
    });
  });
});
