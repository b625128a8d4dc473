import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { CutoffOrder } from '../../revocation/revocation';
import { about, later, logout, randomKey, reasonsOf, type Contract } from './contract';

const HOUR_MS = 3_600_000;

/** Cutoffs that begin when they are made. */
export function describeCuttingOff(contract: Contract): void {
  contract.describe('a cutoff that begins now', () => {
    const order = (changes: Partial<CutoffOrder> = {}): CutoffOrder => ({
      key: randomKey(),
      scope: 'subject',
      expiresAt: later(contract.now, HOUR_MS),
      ...changes,
    });

    contract.it('refuses what was issued up to its instant, and nothing later', async () => {
      const one = order();

      const { issuedBefore } = await contract.store.cutOff(one, logout());

      const isRefused = (ms: number) =>
        contract.store.isRevoked(about([one.key], later(issuedBefore, ms)));
      assert.deepEqual(
        [await isRefused(-HOUR_MS), await isRefused(0), await isRefused(1)],
        [true, true, false],
      );
      assert.equal(await contract.store.isRevoked(about([randomKey()], contract.now)), false);
    });

    contract.it('begins later than one before it, and refuses more', async () => {
      const one = order();
      const first = await contract.store.cutOff(one, logout());
      await new Promise((resolve) => setTimeout(resolve, 5));

      const second = await contract.store.cutOff(one, logout());

      assert.ok(second.issuedBefore > first.issuedBefore);
      const between = about([one.key], later(first.issuedBefore, 1));
      assert.equal(await contract.store.isRevoked(between), true);
    });

    contract.it('is found, and explains itself', async () => {
      const subject = randomUUID();
      const one = order({ subject, reason: 'left the company', actor: 'admin' });

      const { issuedBefore } = await contract.store.cutOff(one, logout());

      const { revocations } = await contract.store.find({ subject });
      assert.deepEqual(
        revocations.map(({ scope, reason, actor }) => [scope, reason, actor]),
        [['subject', 'left the company', 'admin']],
      );
      const explained = await contract.store.explain(about([one.key], issuedBefore));
      assert.deepEqual(reasonsOf(explained), ['left the company']);
    });

    contract.it('leaves its event in the audit', async () => {
      const subject = randomUUID();
      const event = logout({ subject, scope: 'subject', reason: 'password change' });

      await contract.store.cutOff(order({ subject }), event);

      const { events } = await contract.store.audit.find({ subject });
      assert.deepEqual(reasonsOf(events), ['password change']);
    });

    contract.it('takes no scope whose revocations are of every age', async () => {
      const wrong = { ...order(), scope: 'token' } as unknown as CutoffOrder;

      await assert.rejects(contract.store.cutOff(wrong, logout()), {
        name: 'TypeError',
        message: /"scope" of a cutoff must be one of subject, subject-tokens, client, issuer\./,
      });
    });
  });
}
