import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { CutoffScope } from '../../revocation/revocation';
import type { SessionOrder } from '../../revocation/session-store';
import { revocationKey, type RevocationKey } from '../../tokens/identity';
import { later, logout, type Contract } from './contract';
import { ENDING, login, refreshOf, sessionKey } from './session-orders';

/** What is told of sessions that are live, and of no others: the list, and who looks one up. */
export function describeListingSessions(contract: Contract): void {
  const open = async (changes: Partial<SessionOrder> = {}): Promise<SessionOrder> => {
    const order = login(changes);
    await contract.store.sessions.open(order);
    return order;
  };
  const sidsOf = async (order: SessionOrder): Promise<readonly string[]> =>
    (await contract.store.sessions.list(order)).map(({ sid }) => sid);

  contract.describe('the list of sessions', () => {
    contract.it('has those of the subject, opened last first', async () => {
      const subject = randomUUID();
      const [first, second] = [await open({ subject }), await open({ subject })];
      await open();

      assert.deepEqual(await sidsOf(first), [second.sid, first.sid]);
    });

    contract.each<[CutoffScope, 'no more' | 'still', (of: SessionOrder) => RevocationKey]>(
      [
        ['subject', 'no more', ({ cutoffKeys: [key = ''] }) => key],
        ['client', 'no more', ({ cutoffKeys: [, key = ''] }) => key],
        ['issuer', 'no more', ({ cutoffKeys: [, , key = ''] }) => key],
        [
          'subject-tokens',
          'still',
          ({ issuer, subject }) => revocationKey('subject-tokens', issuer, subject),
        ],
      ],
      'after a cutoff of their %s has those alone that it does not cover',
      async (scope, has, keyOf) => {
        const names = { issuer: randomUUID(), subject: randomUUID(), clientId: randomUUID() };
        const before = await open(names);
        const expiresAt = later(contract.now, 3_600_000);
        await contract.store.cutOff({ key: keyOf(before), scope, expiresAt }, logout());
        const since = await open(names);

        assert.deepEqual(
          await sidsOf(before),
          has === 'still' ? [since.sid, before.sid] : [since.sid],
        );
      },
    );

    contract.it('ends with the last of all, also where that was ended before', async () => {
      const { issuer, sid, ...order } = login({ absoluteSeconds: 300 * 24 * 3600 });
      const { session } = await contract.store.sessions.open({ ...order, issuer, sid });
      await open();
      await contract.store.sessions.end({ ...ENDING, issuer, sids: [sid], endedBy: 'logout' });

      assert.deepEqual(await contract.store.sessions.lastEnd(), session.expiresAt);
    });

    contract.it('is what a look at a refresh token goes by, and changes nothing', async () => {
      const order = await open();
      const { sessions } = contract.store;

      const [session] = await sessions.list(order);
      assert.deepEqual(await sessions.find(order), session);
      assert.deepEqual(await sessions.find(order), session);
      await sessions.refresh(refreshOf(order, 0));
      assert.deepEqual(await sessions.find(order), (await sessions.list(order))[0]);
      assert.equal((await sessions.find(order))?.generation, 1);
      assert.equal(await sessions.find(login()), undefined);
    });

    contract.each<[string, (of: SessionOrder) => Promise<unknown>]>(
      [
        [
          'was ended',
          ({ issuer, sid }) =>
            contract.store.sessions.end({ ...ENDING, issuer, sids: [sid], endedBy: 'logout' }),
        ],
        [
          'was ended, also once the revocation has expired',
          ({ issuer, sid }) => {
            const order = { ...ENDING, issuer, sids: [sid], endedBy: 'logout' };
            return contract.store.sessions.end({ ...order, revokedSeconds: 0 });
          },
        ],
        [
          'was revoked by its id alone',
          (order) =>
            contract.store.add(
              contract.fresh({ key: sessionKey(order), scope: 'session' }),
              logout(),
            ),
        ],
        [
          'a cutoff of its subject covers',
          ({ cutoffKeys: [key = ''] }) => {
            const expiresAt = later(contract.now, 3_600_000);
            return contract.store.cutOff({ key, scope: 'subject', expiresAt }, logout());
          },
        ],
      ],
      'has no more, and a look does not find, one that %s',
      async (_, end) => {
        const order = await open();
        await end(order);

        assert.equal(await contract.store.sessions.find(order), undefined);
        assert.deepEqual(await sidsOf(order), []);
      },
    );

    contract.it('has none that was revoked by its id alone', async () => {
      const subject = randomUUID();
      const [revoked, other] = [await open({ subject }), await open({ subject })];
      const key = sessionKey(revoked);
      await contract.store.add(contract.fresh({ key, scope: 'session' }), logout());

      assert.deepEqual(await sidsOf(revoked), [other.sid]);
    });
  });
}
