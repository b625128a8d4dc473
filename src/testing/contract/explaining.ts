import assert from 'node:assert/strict';
import type { Revocation } from '../../revocation/revocation';
import type { RevocationStore } from '../../revocation/revocation-store';
import { about, later, logout, randomKey, type Contract } from './contract';

/** Why a token is refused. */
export function describeExplaining(contract: Contract): void {
  contract.describe('explaining a verdict', () => {
    const explained = async (
      query: Parameters<RevocationStore['explain']>[0],
    ): Promise<(string | undefined)[]> =>
      (await contract.store.explain(query)).map(({ reason }) => reason).toSorted();

    contract.it('names every live revocation that covers the token, and no other', async () => {
      const [token, subject, other] = [randomKey(), randomKey(), randomKey()];
      const cut = (offset: number, reason: string): Revocation => ({
        ...contract.cutoff(later(contract.now, offset), subject),
        reason,
      });
      const added: Revocation[] = [
        contract.fresh({ key: token, reason: 'its own logout' }),
        contract.fresh({ key: other, reason: 'of another token' }),
        contract.fresh({ key: token, expiresAt: later(contract.now, -1000), reason: 'expired' }),
        cut(-1, 'before it was issued'),
        cut(0, 'when it was issued'),
        cut(1, 'after it was issued'),
        { ...cut(0, 'of every age'), issuedBefore: 'infinity' },
      ];
      for (const one of added) await contract.store.add(one, logout());

      const query = {
        absolute: [token],
        cutoffs: [{ key: subject, at: contract.now.getTime() }],
      };
      assert.deepEqual(await explained(query), [
        'after it was issued',
        'its own logout',
        'of every age',
        'when it was issued',
      ]);
      assert.deepEqual(await explained({ absolute: [subject], cutoffs: [] }), ['of every age']);
    });

    contract.it('says nothing of a token that is not revoked', async () => {
      assert.deepEqual(await explained(about([randomKey()], contract.now)), []);
    });

    contract.it('refuses a question without a key as a mistake of the caller', async () => {
      await assert.rejects(contract.store.explain({ absolute: [], cutoffs: [] }), TypeError);
    });
  });
}
