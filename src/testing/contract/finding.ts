import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { RevocationPage, RevocationSearch } from '../../revocation/live-revocations';
import type { Revocation } from '../../revocation/revocation';
import { known, cursor, later, logout, randomKey, reasonsOf, type Contract } from './contract';

/** Live revocations, for administration. */
export function describeFinding(contract: Contract): void {
  contract.describe('finding live revocations', () => {
    const find = (search: RevocationSearch): Promise<RevocationPage> => contract.store.find(search);

    contract.it('gives each back as it was added, with the instant by its own clock', async () => {
      const one = contract.fresh({
        scope: 'subject',
        issuedBefore: later(contract.now, -1500),
        issuer: 'https://login.example',
        subject: randomUUID(),
        tokenId: 'jti-1',
        sessionId: 'sid-1',
        clientId: 'app',
        reason: 'a lost phone',
        actor: 'admin “ñandú”',
      });
      await contract.store.add(one, logout());

      const { revocations, nextCursor } = await find({ subject: one.subject });

      const [found] = revocations;
      assert.ok(found);
      const { revokedAt, ...rest } = found;
      assert.deepEqual([known(rest), revocations.length], [one, 1]);
      assert.ok(Math.abs(revokedAt.getTime() - contract.now.getTime()) < 60_000);
      assert.equal(nextCursor, undefined);
    });

    contract.it('leaves out what has expired', async () => {
      const subject = randomUUID();
      await contract.store.add(contract.fresh({ subject, reason: 'live' }), logout());
      await contract.store.add(
        contract.fresh({ subject, expiresAt: later(contract.now, -1000) }),
        logout(),
      );

      assert.deepEqual(reasonsOf((await find({ subject })).revocations), ['live']);
    });

    contract.it(
      'pages newest first, without repeating or skipping, while more is revoked',
      async () => {
        const subject = randomUUID();
        const add = (reason: string, changes: Partial<Revocation> = {}): Promise<boolean> =>
          contract.store.add(contract.fresh({ subject, reason, ...changes }), logout());
        for (const at of [0, 1, 2, 3, 4]) await add(`number ${at}`);
        // One unit: they may be of the same instant, and the last two are of the same key.
        const key = randomKey();
        const together = [
          contract.fresh(),
          contract.cutoff(later(contract.now, 1), key),
          contract.cutoff(later(contract.now, 2), key),
        ];
        await contract.store.commit({
          revocations: together.map((one) => ({
            revocation: { ...one, subject, reason: 'together' },
            event: logout(),
          })),
          events: [],
        });

        const first = await find({ subject, limit: 2 });
        await add('meanwhile');
        const second = await find({ subject, limit: 3, cursor: first.nextCursor });
        const third = await find({ subject, limit: 3, cursor: second.nextCursor });

        const pages = [first, second, third].map((page) => reasonsOf(page.revocations));
        assert.deepEqual(pages.flat(), [
          ...['together', 'together', 'together'],
          ...['number 4', 'number 3', 'number 2', 'number 1', 'number 0'],
        ]);
        assert.equal(third.nextCursor, undefined);
      },
    );

    contract.describe('filters', () => {
      const issuer = randomUUID();
      const found = async (search: RevocationSearch): Promise<(string | undefined)[]> =>
        reasonsOf((await find({ issuer, ...search })).revocations).toSorted();

      contract.beforeAll(async () => {
        const added: Partial<Revocation>[] = [
          { reason: 'a', subject: 'ada', tokenId: 't1' },
          { reason: 'b', subject: 'ada', scope: 'session', sessionId: 's1' },
          { reason: 'c', scope: 'client', clientId: 'app', issuedBefore: contract.now },
        ];
        for (const one of added)
          await contract.store.add(contract.fresh({ issuer, ...one }), logout());
      });

      contract.each<[string, RevocationSearch, string[]]>(
        [
          ['the issuer', {}, ['a', 'b', 'c']],
          ['the scope', { scope: 'session' }, ['b']],
          ['the subject', { subject: 'ada' }, ['a', 'b']],
          ['the token', { tokenId: 't1' }, ['a']],
          ['the session', { sessionId: 's1' }, ['b']],
          ['the client', { clientId: 'app' }, ['c']],
          ['two of them', { subject: 'ada', scope: 'client' }, []],
        ],
        'by %s',
        async (_, search, reasons) => {
          assert.deepEqual(await found(search), reasons);
        },
      );
    });

    contract.each<[string, object]>(
      [
        ['a limit of nothing', { limit: 0 }],
        ['a limit over 1000', { limit: 1001 }],
        ['a scope that there is not', { scope: 'everything' }],
        ['a scope that is a name of every object', { scope: 'constructor' }],
        ['a subject with U+0000', { subject: 'a\0' }],
        ['a subject that is no text', { subject: 42 }],
        ['an empty cursor', { cursor: '' }],
        ['a cursor of something else', { cursor: cursor('tomorrow') }],
        ['a cursor of the audit', { cursor: cursor(`1.${randomUUID()}`) }],
        ['a cursor that is no text', { cursor: 7 }],
      ],
      'refuses %s as a mistake of the caller',
      async (_, search) => {
        await assert.rejects(find(search), TypeError);
      },
    );
  });
}
