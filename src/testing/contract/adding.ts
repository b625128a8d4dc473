import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { known, logout, type Contract } from './contract';

/** Adding one revocation. */
export function describeAdding(contract: Contract): void {
  contract.describe('adding', () => {
    contract.it('tells the call that revoked from the one that came late', async () => {
      const one = contract.fresh();

      assert.equal(await contract.store.add(one, logout()), true);
      assert.equal(await contract.store.add(one, logout()), false);
    });

    contract.it(
      'lets exactly one of many simultaneous calls revoke, and audits that one',
      async () => {
        const one = contract.fresh();
        const subject = randomUUID();

        const answers = await Promise.all(
          Array.from({ length: 12 }, () => contract.store.add(one, logout({ subject }))),
        );

        assert.equal(answers.filter((isNew) => isNew).length, 1);
        assert.equal((await contract.store.audit.find({ subject })).events.length, 1);
      },
    );

    contract.it('keeps the event exactly as it was given', async () => {
      const event = logout({
        scope: 'token',
        issuer: 'https://login.example',
        subject: randomUUID(),
        actor: 'admin',
        tokenId: 'jti-1',
        sessionId: 'sid-1',
        tokenFingerprint: 'ab'.repeat(32),
        ip: '2001:db8::7',
        userAgent: 'curl/8.0 “ñandú”',
        requestId: 'r-1',
        reason: 'logout',
        detail: { causes: { expired: 3 }, networks: ['203.0.113.0/24'] },
      });

      await contract.store.add(contract.fresh(), event);

      const { events } = await contract.store.audit.find({ subject: event.subject });
      const [recorded] = events;
      assert.ok(recorded);
      const { id, occurredAt, ...rest } = recorded;
      assert.deepEqual(known(rest), event);
      assert.match(id, /^[\da-f-]{36}$/);
      assert.ok(Math.abs(occurredAt.getTime() - contract.now.getTime()) < 60_000);
    });

    contract.each(
      [
        ['a key of 31 bytes', { key: '0'.repeat(62) }],
        ['a key of 33 bytes', { key: '0'.repeat(66) }],
        ['an instant that is none', { expiresAt: new Date(Number.NaN) }],
        ['an instant past the year 9999', { expiresAt: new Date(8.64e15) }],
        ['a cutoff that is no instant', { issuedBefore: new Date(Number.NaN) }],
      ],
      'refuses %s as a mistake of the caller',
      async (_, changes) => {
        await assert.rejects(contract.store.add(contract.fresh(changes), logout()), TypeError);
      },
    );
  });
}
