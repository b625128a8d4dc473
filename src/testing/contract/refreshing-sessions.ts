import assert from 'node:assert/strict';
import type { AuditEvent } from '../../audit/audit-event';
import type { RefreshOrder, SessionOrder } from '../../revocation/session-store';
import { randomKey, type Contract } from './contract';
import { ENDING, inOrder, isRefused, login, recordedOf, refreshOf } from './session-orders';

/** Refresh tokens that are rotated, replayed and reused. */
export function describeRefreshingSessions(contract: Contract): void {
  contract.describe('a refresh', () => {
    const open = async (changes: Partial<SessionOrder> = {}): Promise<SessionOrder> => {
      const order = login(changes);
      await contract.store.sessions.open(order);
      return order;
    };
    const refresh = (order: SessionOrder, generation: number, more?: Partial<RefreshOrder>) =>
      contract.store.sessions.refresh(refreshOf(order, generation, more));

    contract.it('rotates the token, and the session goes on', async () => {
      const order = await open({ idleSeconds: 60 });

      const { outcome, session, revocations, at } = await refresh(order, 0);
      const next = await refresh(order, 1);

      assert.deepEqual([outcome, session?.generation, revocations], ['rotated', 1, []]);
      assert.deepEqual(session?.rotatedAt, at);
      assert.deepEqual([next.outcome, next.session?.generation], ['rotated', 2]);
      assert.deepEqual(await contract.store.sessions.list(order), [next.session]);
    });

    contract.it('moves the idle end, and nothing else does', async () => {
      const order = await open({ idleSeconds: 60 });
      const [opened] = await contract.store.sessions.list(order);
      const rotated = await refresh(order, 0, { idleSeconds: 120 });
      const replayed = await refresh(order, 0, { idleSeconds: 240 });

      const { rotatedAt, idleExpiresAt } = rotated.session ?? {};
      assert.equal(Number(idleExpiresAt) - Number(rotatedAt), 120_000);
      assert.ok(Number(idleExpiresAt) > Number(opened?.idleExpiresAt));
      assert.deepEqual(replayed.session, rotated.session);
    });

    contract.it('moves the idle end no further than the end of the session', async () => {
      const order = await open({ absoluteSeconds: 100 });

      const { session } = await refresh(order, 0, { idleSeconds: 1000 });

      assert.deepEqual(session?.idleExpiresAt, session?.expiresAt);
    });

    contract.it('replays within the grace, and changes nothing', async () => {
      const order = await open();
      const { session, at } = await refresh(order, 0);

      const replayed = await refresh(order, 0);

      assert.ok(replayed.at >= at);

      assert.deepEqual([replayed.outcome, replayed.session], ['replayed', session]);
      assert.deepEqual(replayed.revocations, []);
      assert.equal((await refresh(order, 1)).outcome, 'rotated');
    });

    contract.it('after the grace is a reuse, which ends the session', async () => {
      const order = await open();
      await refresh(order, 0);

      const reused = await refresh(order, 0, { graceSeconds: 0 });

      assert.deepEqual([reused.outcome, reused.session?.generation], ['reused', 1]);
      assert.deepEqual(
        reused.revocations.map(({ sessionId, reason }) => [sessionId, reason]),
        [[order.sid, 'reuse']],
      );
      assert.equal(await isRefused(contract, order), true);
      assert.deepEqual(
        [(await refresh(order, 1)).outcome, (await refresh(order, 0)).outcome],
        ['ended', 'ended'],
      );
      assert.deepEqual(await contract.store.sessions.list(order), []);
    });

    contract.it('of a token two rotations old is a reuse, also within the grace', async () => {
      const order = await open();
      for (const generation of [0, 1]) await refresh(order, generation);

      assert.equal((await refresh(order, 0)).outcome, 'reused');
    });

    contract.it('keeps the revocation of a reused session as long as was ordered', async () => {
      const order = await open();
      for (const generation of [0, 1]) await refresh(order, generation);

      const { revocations } = await refresh(order, 0, { revokedSeconds: 600 });

      const { revocations: found } = await contract.store.find({ sessionId: order.sid });
      assert.deepEqual(
        revocations.map(({ expiresAt }) => expiresAt),
        found.map(({ expiresAt }) => expiresAt),
      );
      const seconds = (Number(found[0]?.expiresAt) - Number(found[0]?.revokedAt)) / 1000;
      assert.ok(seconds > 599 && seconds <= 600);
    });

    contract.it('rotates a token that is ahead of the store, which lost rotations', async () => {
      const order = await open();

      const { outcome, session, events } = await refresh(order, 5);

      assert.deepEqual([outcome, session?.generation], ['rotated', 6]);
      assert.deepEqual(
        events.map(({ detail }) => detail),
        [{ presented: 5, generation: 0 }],
      );
      assert.deepEqual([(await refresh(order, 5)).outcome], ['replayed']);
    });

    contract.each<[string, Partial<SessionOrder>]>(
      [
        ['was idle for too long', { idleSeconds: 0 }],
        ['is as old as it may become', { absoluteSeconds: 0 }],
      ],
      'of a session that %s finds it expired, though it was never purged',
      async (_, changes) => {
        const order = await open(changes);

        const { outcome, session } = await refresh(order, 0);

        assert.deepEqual([outcome, session?.generation], ['expired', 0]);
        assert.deepEqual(await contract.store.sessions.list(order), []);
      },
    );

    contract.it('replays nothing of a session that is over', async () => {
      const order = await open();
      await refresh(order, 0, { idleSeconds: 0 });

      assert.equal((await refresh(order, 0)).outcome, 'expired');
    });

    contract.it('of a session that is not known finds none', async () => {
      const { outcome, session, revocations, events } = await refresh(
        login({ refreshId: randomKey() }),
        0,
      );

      assert.deepEqual([outcome, session, revocations, events], ['unknown', undefined, [], []]);
    });

    contract.each<[string, (order: SessionOrder) => Promise<unknown>]>(
      [
        [
          'a logout',
          ({ issuer, sid }) =>
            contract.store.sessions.end({ ...ENDING, issuer, sids: [sid], endedBy: 'logout' }),
        ],
        [
          'another session ended all others',
          async ({ subject }) => {
            const { issuer, sid } = await open({ subject });
            await contract.store.sessions.endOthers({ ...ENDING, issuer, subject, sid });
          },
        ],
        ['a login replaced it', ({ refreshId }) => open({ previousRefreshId: refreshId })],
        ['a reuse', (order) => refresh(order, 0, { graceSeconds: 0 })],
      ],
      'rotates and replays nothing after %s, also within the grace',
      async (_, over) => {
        const order = await open();
        await refresh(order, 0);

        await over(order);

        const outcomes = [(await refresh(order, 0)).outcome, (await refresh(order, 1)).outcome];
        assert.deepEqual(outcomes, ['ended', 'ended']);
        assert.equal(await isRefused(contract, order), true);
      },
    );

    contract.it(
      'of one token, by many at once, rotates once and is replayed to the rest',
      async () => {
        const order = await open();

        const answers = await Promise.all(Array.from({ length: 100 }, () => refresh(order, 0)));

        const outcomes = answers.map(({ outcome }) => outcome).toSorted();
        assert.deepEqual(outcomes, [...Array<string>(99).fill('replayed'), 'rotated']);
        assert.ok(answers.every(({ session }) => session?.generation === 1));
      },
    );

    contract.it('of many sessions at once gives each its own answer', async () => {
      const orders = await Promise.all(Array.from({ length: 80 }, () => open()));

      const answers = await Promise.all(orders.map((order) => refresh(order, 0)));

      assert.deepEqual(
        answers.map(({ outcome, session }) => [outcome, session?.sid]),
        orders.map(({ sid }) => ['rotated', sid]),
      );
    });

    contract.describe('in the audit', () => {
      const auditOf = async (
        order: SessionOrder,
        refreshes: readonly Partial<RefreshOrder>[],
      ): Promise<readonly AuditEvent[]> => {
        const { events } = await contract.store.sessions.open(order);
        const reported = [...events];
        for (const more of refreshes) reported.push(...(await refresh(order, 0, more)).events);
        assert.deepEqual(await recordedOf(contract, order.subject), inOrder(reported));
        return reported.slice(events.length);
      };

      contract.it('is renewed, replayed and reused, from where it came', async () => {
        const order = login();

        const events = await auditOf(order, [{}, {}, { graceSeconds: 0 }]);

        const source = { ip: '203.0.113.7', userAgent: 'Firefox', requestId: 'r-1' };
        const { issuer, subject, sid } = order;
        const names = { issuer, subject, sessionId: sid, ...source };
        assert.deepEqual(
          inOrder(events),
          inOrder([
            { event: 'session_renewed', outcome: 'success', ...names },
            { event: 'session_replayed', outcome: 'success', ...names },
            {
              ...{ event: 'authn_token_reuse', outcome: 'failure', reason: 'refresh_token_reused' },
              ...names,
              detail: { kind: 'refresh', presented: 0, generation: 1 },
            },
            {
              ...{ event: 'authn_token_revoked', outcome: 'success', scope: 'session' },
              ...names,
              reason: 'reuse',
            },
          ]),
        );
      });

      contract.it('is nothing but a reuse where the host wants no more', async () => {
        const events = await auditOf(login(), [
          { isAudited: false },
          { isAudited: false },
          { isAudited: false, graceSeconds: 0 },
        ]);

        assert.deepEqual(
          events.map(({ event }) => event),
          ['authn_token_reuse', 'authn_token_revoked'],
        );
      });

      contract.it('says what a rotation ahead of the store presented', async () => {
        const events = await auditOf(login(), [{ generation: 3 }]);

        assert.deepEqual(
          events.map(({ detail }) => detail),
          [{ presented: 3, generation: 0 }],
        );
      });
    });
  });
}
