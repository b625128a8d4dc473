import assert from 'node:assert/strict';
import type { RevocationStore } from '../../revocation/revocation-store';
import { StoreUnavailableError } from '../../revocation/errors';
import { about, logout, randomKey, type Contract } from './contract';
import { login, refreshOf } from './session-orders';

/** A store that was closed. */
export function describeClosed(contract: Contract): void {
  contract.describe('closed', () => {
    let closed: RevocationStore;

    contract.beforeAll(async () => {
      closed = await contract.openAnother();
      await closed.close();
      await closed.close();
    });

    contract.afterAll(async () => {
      await closed.close();
    });

    contract.each<[string, () => Promise<unknown>]>(
      [
        ['adds nothing', () => closed.add(contract.fresh(), logout())],
        [
          'never says that a token is not revoked',
          async () => closed.isRevoked(about([randomKey()], contract.now)),
        ],
        ['appends nothing', () => closed.audit.append([logout()])],
        ['finds no revocation', () => closed.find({})],
        ['explains nothing', () => closed.explain(about([randomKey()], contract.now))],
        ['finds nothing in the audit', () => closed.audit.find({})],
        ['opens no session', () => closed.sessions.open(login())],
        ['refreshes no session', () => closed.sessions.refresh(refreshOf(login(), 0))],
        ['ends no session', () => closed.sessions.end({ ...login(), sids: ['one'], endedBy: 'x' })],
        ['ends no other sessions', () => closed.sessions.endOthers(login())],
        ['lists no sessions', () => closed.sessions.list(login())],
        ['tells no end of sessions', () => closed.sessions.lastEnd()],
      ],
      '%s',
      async (_, use) => {
        await assert.rejects(use(), StoreUnavailableError);
      },
    );

    contract.it('answers again once it is opened again', async () => {
      await closed.open();
      await closed.open();

      assert.equal(await closed.isRevoked(about([randomKey()], contract.now)), false);
    });
  });
}
