import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Ended, SessionOrder } from '../../revocation/session-store';
import { randomKey, reasonsOf, type Contract } from './contract';
import { ENDING, inOrder, isRefused, login, recordedOf, refreshOf } from './session-orders';

/** Sessions that are ended. */
export function describeEndingSessions(contract: Contract): void {
  const open = async (changes: Partial<SessionOrder> = {}): Promise<SessionOrder> => {
    const order = login(changes);
    await contract.store.sessions.open(order);
    return order;
  };
  const end = ({ issuer }: SessionOrder, sids: readonly string[], more: object = {}) =>
    contract.store.sessions.end({ ...ENDING, issuer, sids, endedBy: 'logout', ...more });
  const sidsIn = ({ endedBefore }: Ended): readonly string[] => endedBefore.map(({ sid }) => sid);
  const sidsOf = async (order: SessionOrder): Promise<readonly string[]> =>
    (await contract.store.sessions.list(order)).map(({ sid }) => sid);

  contract.describe('ending sessions', () => {
    contract.it('refuses their access tokens, and no others', async () => {
      const subject = randomUUID();
      const [one, two, other] = [
        await open({ subject }),
        await open({ subject }),
        await open({ subject }),
      ];

      const { revocations } = await end(one, [one.sid, two.sid]);

      assert.deepEqual(
        revocations.map(({ sessionId }) => sessionId).toSorted(),
        [one.sid, two.sid].toSorted(),
      );
      for (const [order, refused] of [
        [one, true],
        [two, true],
        [other, false],
      ] as const)
        assert.equal(await isRefused(contract, order), refused);
      assert.deepEqual(await sidsOf(one), [other.sid]);
    });

    contract.it('revokes each under the key of its tokens, as it is reported', async () => {
      const order = await open({ issuer: 'https://müller.example/🙂', clientId: 'app' });

      const { revocations } = await end(order, [order.sid], { reason: 'lost', actor: 'admin' });

      const { issuer, subject, clientId, sid } = order;
      const { revocations: found } = await contract.store.find({ subject });
      const named = { issuer, subject, clientId, sessionId: sid, reason: 'lost', actor: 'admin' };
      const [reported] = revocations;
      assert.deepEqual(found, [{ ...reported, ...named, revokedAt: found[0]?.revokedAt }]);
      assert.equal(await isRefused(contract, order), true);
    });

    contract.it('records each, with what ended it or the reason that was given', async () => {
      const subject = randomUUID();
      const [one, two] = [await open({ subject }), await open({ subject })];

      const first = await end(one, [one.sid]);
      const second = await end(two, [two.sid], { reason: 'lost', actor: 'admin' });

      const events = [...first.events, ...second.events];
      assert.deepEqual(
        events.map(({ event, scope, sessionId, reason, actor }) => [
          ...[event, scope, sessionId, reason, actor],
        ]),
        [
          ['authn_token_revoked', 'session', one.sid, 'logout', undefined],
          ['authn_token_revoked', 'session', two.sid, 'lost', 'admin'],
        ],
      );
      const recorded = await recordedOf(contract, subject);
      assert.deepEqual(
        recorded.filter(({ event }) => event === 'authn_token_revoked'),
        inOrder(events),
      );
    });

    contract.it('ends each once, also when two ask at once', async () => {
      const order = await open();

      const answers = await Promise.all([end(order, [order.sid]), end(order, [order.sid])]);
      const again = await end(order, [order.sid, order.sid]);

      const counts = answers.map(({ revocations }) => revocations.length);
      assert.deepEqual(counts.toSorted(), [0, 1]);
      assert.deepEqual([again.revocations, again.events], [[], []]);
    });

    contract.it('ends nothing that is not known, or another issuer’s', async () => {
      const order = await open();
      const elsewhere = { ...order, issuer: 'https://elsewhere.example' };

      const answers = [
        await end(order, [login().sid, 'no sid', '']),
        await end(elsewhere, [order.sid]),
        await end(order, []),
      ];

      assert.deepEqual(
        answers.flatMap(({ revocations, events }) => [...revocations, ...events]),
        [],
      );
      assert.equal(await isRefused(contract, order), false);
    });

    contract.it('ends none of another subject than the one that is named', async () => {
      const [own, others] = [await open(), await open()];
      const { subject } = own;

      const ended = await end(own, [own.sid, others.sid], { subject });
      const again = await end(own, [own.sid, others.sid], { subject });

      assert.deepEqual(
        ended.revocations.map(({ sessionId }) => sessionId),
        [own.sid],
      );
      assert.deepEqual(sidsIn(again), [own.sid]);
      assert.equal(await isRefused(contract, others), false);
    });

    contract.it('ends the one of a refresh token, whichever issuer’s it is', async () => {
      const order = await open({ issuer: 'https://elsewhere.example' });
      const { refreshId } = order;
      await contract.store.sessions.refresh(refreshOf(order, 0));

      const asked = { ...ENDING, refreshId, endedBy: 'logout' };
      const ended = await contract.store.sessions.end(asked);
      const again = await contract.store.sessions.end(asked);
      const unknown = await contract.store.sessions.end({ ...asked, refreshId: randomKey() });

      assert.deepEqual(
        ended.revocations.map(({ sessionId }) => sessionId),
        [order.sid],
      );
      assert.deepEqual(sidsIn(again), [order.sid]);
      assert.deepEqual([unknown.revocations, unknown.endedBefore], [[], []]);
      assert.equal(await isRefused(contract, order), true);
      const { outcome, session } = await contract.store.sessions.refresh(refreshOf(order, 1));
      assert.deepEqual([outcome, session?.generation], ['ended', 1]);
    });

    contract.it('tells which were ended before', async () => {
      const subject = randomUUID();
      const [one, two] = [await open({ subject }), await open({ subject })];
      const first = await end(one, [one.sid]);

      const second = await end(one, [two.sid, login().sid, one.sid]);

      assert.deepEqual(sidsIn(first), []);
      assert.deepEqual(sidsIn(second), [one.sid]);
      assert.deepEqual(
        second.revocations.map(({ sessionId }) => sessionId),
        [two.sid],
      );
    });

    contract.it('ends one that is over, too', async () => {
      const order = await open({ absoluteSeconds: 0 });

      const { revocations } = await end(order, [order.sid]);

      assert.equal(revocations.length, 1);
    });
  });

  contract.describe('ending all other sessions', () => {
    const endOthers = ({ issuer, subject, sid }: SessionOrder) =>
      contract.store.sessions.endOthers({ ...ENDING, issuer, subject, sid });

    contract.it('leaves the one that stays, and those of others', async () => {
      const subject = randomUUID();
      const [one, two, three] = [
        await open({ subject }),
        await open({ subject }),
        await open({ subject }),
      ];
      const elsewhere = await open({ subject, issuer: 'https://elsewhere.example' });

      const ended = await endOthers(one);

      assert.deepEqual(
        ended?.revocations.map(({ sessionId }) => sessionId).toSorted(),
        [two.sid, three.sid].toSorted(),
      );
      assert.deepEqual(reasonsOf(ended.revocations), ['logout_others', 'logout_others']);
      for (const [order, refused] of [
        [one, false],
        [two, true],
        [three, true],
        [elsewhere, false],
      ] as const)
        assert.equal(await isRefused(contract, order), refused);
      assert.deepEqual(await sidsOf(one), [one.sid]);
    });

    contract.it('is one row in the audit, which says how many', async () => {
      const subject = randomUUID();
      const [one] = [await open({ subject }), await open({ subject }), await open({ subject })];

      const ended = await endOthers(one);

      const { issuer, sid, source } = one;
      const row = { event: 'authn_token_revoked', outcome: 'success', scope: 'session' } as const;
      const event = { ...row, issuer, subject, sessionId: sid, reason: 'logout_others', ...source };
      assert.deepEqual(ended?.events, [{ ...event, detail: { ended: 2 } }]);
      const recorded = await recordedOf(contract, subject);
      assert.deepEqual(
        recorded.filter(({ event: name }) => name === 'authn_token_revoked'),
        inOrder(ended.events),
      );
    });

    contract.it('ends nothing where there is no other', async () => {
      const ended = await endOthers(await open());

      assert.deepEqual(
        [ended?.revocations, ended?.events.map(({ detail }) => detail)],
        [[], [{ ended: 0 }]],
      );
    });

    contract.it('ends nothing where the one that was to stay is not live', async () => {
      const subject = randomUUID();
      const [ended, expired, live] = [
        await open({ subject }),
        await open({ subject, idleSeconds: 0 }),
        await open({ subject }),
      ];
      await end(ended, [ended.sid]);

      const answers = [
        await endOthers(ended),
        await endOthers(expired),
        await endOthers(login({ subject })),
        await endOthers({ ...(await open()), subject }),
      ];

      assert.deepEqual(answers, [undefined, undefined, undefined, undefined]);
      assert.deepEqual(await sidsOf(live), [live.sid]);
    });

    contract.it('leaves one of six that end each other at once', async () => {
      const subject = randomUUID();
      const orders = await Promise.all(Array.from({ length: 6 }, () => open({ subject })));

      const answers = await Promise.all(orders.map(endOthers));

      const stayed = orders.filter((_, at) => answers[at] !== undefined);
      assert.equal(stayed.length, 1);
      assert.deepEqual(
        await sidsOf(login({ subject })),
        stayed.map(({ sid }) => sid),
      );
    });
  });
}
