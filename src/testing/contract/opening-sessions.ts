import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { CutoffScope } from '../../revocation/revocation';
import type { SessionOrder } from '../../revocation/session-store';
import type { RevocationKey } from '../../tokens/identity';
import { later, logout, randomKey, type Contract } from './contract';
import { inOrder, isRefused, login, recordedOf, refreshOf } from './session-orders';

const HOUR_MS = 3_600_000;
/** What covers sessions; `subject-tokens` covers none. */
type Layer = Exclude<CutoffScope, 'subject-tokens'>;

const LAYERS: readonly [Layer][] = [['subject'], ['client'], ['issuer']];

/** A login whose keys are its own, and that of them which such a cutoff has. */
function loginUnder(scope: Layer): { order: SessionOrder; key: RevocationKey } {
  const keys = { subject: randomKey(), client: randomKey(), issuer: randomKey() };
  return { order: login({ cutoffKeys: Object.values(keys) }), key: keys[scope] };
}

/** Logins that open sessions. */
export function describeOpeningSessions(contract: Contract): void {
  contract.describe('a session that is opened', () => {
    contract.it('is kept as it was ordered, and listed', async () => {
      const order = login({ device: 'phone' });

      const { session } = await contract.store.sessions.open(order);

      const { sid, issuer, subject, clientId } = order;
      const { openedAt } = session;
      assert.deepEqual(session, {
        ...{ sid, issuer, subject, clientId, device: 'phone', generation: 0 },
        ...{ ip: '203.0.113.7', userAgent: 'Firefox', openedAt, rotatedAt: openedAt },
        idleExpiresAt: later(openedAt, HOUR_MS),
        expiresAt: later(openedAt, 2 * HOUR_MS),
      });
      assert.ok(openedAt >= contract.now);
      assert.deepEqual(await contract.store.sessions.list(order), [session]);
      assert.equal(await isRefused(contract, session), false);
    });

    contract.it('may be without a device, an address and a user agent', async () => {
      const { session } = await contract.store.sessions.open(login({ source: {} }));

      assert.deepEqual(
        ['device', 'ip', 'userAgent'].filter((name) => name in session),
        [],
      );
    });

    contract.it('goes on for no longer when idle than altogether', async () => {
      const order = login({ idleSeconds: 100, absoluteSeconds: 10 });

      const { session } = await contract.store.sessions.open(order);

      assert.deepEqual(session.idleExpiresAt, session.expiresAt);
    });

    contract.it('leaves a row in the audit', async () => {
      const order = login({ device: 'phone' });

      const { events } = await contract.store.sessions.open(order);

      const { issuer, subject, sid, source } = order;
      const detail = { clientId: 'web', device: 'phone' };
      const created = { event: 'session_created', outcome: 'success', issuer, subject } as const;
      assert.deepEqual(events, [{ ...created, sessionId: sid, ...source, detail }]);
      assert.deepEqual(await recordedOf(contract, subject), inOrder(events));
    });

    contract.each(
      LAYERS,
      'begins after a cutoff of its %s that was made just before',
      async (scope) => {
        const { order, key } = loginUnder(scope);
        const { issuedBefore } = await contract.store.cutOff(
          { key, scope, expiresAt: later(contract.now, HOUR_MS) },
          logout(),
        );

        const { session } = await contract.store.sessions.open(order);

        assert.ok(session.openedAt > issuedBefore);
        const asked = { absolute: [], cutoffs: [{ key, at: session.openedAt.getTime() }] };
        assert.equal(await contract.store.isRevoked(asked), false);
      },
    );

    contract.it('begins after a cutoff that is ahead of a clock which was set back', async () => {
      const { order, key } = loginUnder('client');
      const ahead = later(contract.now, HOUR_MS / 2);
      await contract.store.add(
        contract.fresh({ key, scope: 'client', issuedBefore: ahead }),
        logout(),
      );

      const { session } = await contract.store.sessions.open(order);

      assert.deepEqual(session.openedAt, later(ahead, 1));
    });

    contract.each(LAYERS, 'is covered by a cutoff of its %s that comes later', async (scope) => {
      const { order, key } = loginUnder(scope);
      const { session } = await contract.store.sessions.open(order);

      await contract.store.cutOff(
        { key, scope, expiresAt: later(contract.now, HOUR_MS) },
        logout(),
      );

      const asked = { absolute: [], cutoffs: [{ key, at: session.openedAt.getTime() }] };
      assert.equal(await contract.store.isRevoked(asked), true);
    });

    contract.it('begins now where a cutoff is of every age, or has expired', async () => {
      const { order, key } = loginUnder('subject');
      const past = later(contract.now, -1000);
      const ahead = later(contract.now, HOUR_MS);
      const ofAll = contract.fresh({ key, scope: 'subject' });
      const over = contract.fresh({ key, scope: 'subject', issuedBefore: ahead, expiresAt: past });
      for (const one of [ofAll, over]) await contract.store.add(one, logout());

      const { session } = await contract.store.sessions.open(order);

      assert.ok(session.openedAt < ahead);
    });

    contract.it('ends the one that it replaces, of whatever subject', async () => {
      const before = login();
      const { session: replaced } = await contract.store.sessions.open(before);
      const order = login({ previousRefreshId: before.refreshId });

      const { revocations, events } = await contract.store.sessions.open(order);

      assert.deepEqual(
        revocations.map(({ sessionId, subject, reason }) => [sessionId, subject, reason]),
        [[replaced.sid, replaced.subject, 'replaced']],
      );
      assert.equal(await isRefused(contract, replaced), true);
      const { outcome } = await contract.store.sessions.refresh(refreshOf(before, 0));
      assert.equal(outcome, 'ended');
      const ended = events.filter(({ subject }) => subject === before.subject);
      assert.deepEqual(
        ended.map(({ event, scope, reason, ip }) => [event, scope, reason, ip]),
        [['authn_token_revoked', 'session', 'replaced', '203.0.113.7']],
      );
      const recorded = await recordedOf(contract, before.subject);
      assert.deepEqual(
        recorded.filter(({ event }) => event === 'authn_token_revoked'),
        inOrder(ended),
      );
    });

    contract.it('replaces nothing where that is unknown, or ended', async () => {
      const before = login();
      await contract.store.sessions.open(before);
      await contract.store.sessions.open(login({ previousRefreshId: before.refreshId }));

      const again = login({ previousRefreshId: before.refreshId });
      const unknown = login({ previousRefreshId: randomKey() });

      assert.deepEqual((await contract.store.sessions.open(again)).revocations, []);
      assert.deepEqual((await contract.store.sessions.open(unknown)).revocations, []);
    });

    contract.it('ends those beyond the maximum that were not refreshed for longest', async () => {
      const subject = randomUUID();
      const order = () => login({ subject, maxPerSubject: 2 });
      const [first, second, third, elsewhere] = [order(), order(), order(), login()];
      for (const one of [elsewhere, first, second]) await contract.store.sessions.open(one);
      await contract.store.sessions.refresh(refreshOf(first, 0));

      const { revocations } = await contract.store.sessions.open(third);

      assert.deepEqual(
        revocations.map(({ sessionId, reason }) => [sessionId, reason]),
        [[second.sid, 'session_limit']],
      );
      const left = await contract.store.sessions.list(first);
      assert.deepEqual(left.map(({ sid }) => sid).toSorted(), [first.sid, third.sid].toSorted());
      assert.equal(await isRefused(contract, second), true);
      assert.equal(await isRefused(contract, elsewhere), false);
    });

    contract.it('has room for itself where it replaces one of as many as may be', async () => {
      const subject = randomUUID();
      const [first, second] = [login({ subject }), login({ subject })];
      for (const one of [first, second]) await contract.store.sessions.open(one);

      const third = login({ subject, maxPerSubject: 2, previousRefreshId: second.refreshId });
      const { revocations } = await contract.store.sessions.open(third);

      assert.deepEqual(
        revocations.map(({ sessionId, reason }) => [sessionId, reason]),
        [[second.sid, 'replaced']],
      );
    });

    contract.it('is one of no more than may be, however many open at once', async () => {
      const subject = randomUUID();
      const orders = Array.from({ length: 6 }, () => login({ subject, maxPerSubject: 2 }));

      await Promise.all(orders.map((order) => contract.store.sessions.open(order)));

      assert.equal((await contract.store.sessions.list(login({ subject }))).length, 2);
    });
  });
}
