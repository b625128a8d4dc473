import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AuditQuery } from '../../audit/audit-trail';
import { cursor, later, logout, reasonsOf, type Contract } from './contract';

/** What happened, newest first. */
export function describeReadingTheAudit(contract: Contract): void {
  contract.describe('reading the audit', () => {
    contract.it('shows the newest first', async () => {
      const subject = randomUUID();
      await contract.store.audit.append([logout({ subject, reason: 'first' })]);
      await contract.store.audit.append([logout({ subject, reason: 'second' })]);

      const { events, nextCursor } = await contract.store.audit.find({ subject });

      assert.deepEqual(reasonsOf(events), ['second', 'first']);
      assert.equal(nextCursor, undefined);
    });

    contract.it('takes a batch of no events', async () => {
      await contract.store.audit.append([]);
    });

    contract.it('pages without repeating or skipping, while more is written', async () => {
      const subject = randomUUID();
      const write = (reasons: readonly string[]): Promise<void> =>
        contract.store.audit.append(reasons.map((reason) => logout({ subject, reason })));
      const written = Array.from({ length: 7 }, (_, index) => `event ${index}`);
      await write(written);

      const first = await contract.store.audit.find({ subject, limit: 3 });
      await write(['meanwhile']);
      const second = await contract.store.audit.find({
        subject,
        limit: 3,
        cursor: first.nextCursor,
      });
      await write(['meanwhile too']);
      const third = await contract.store.audit.find({
        subject,
        limit: 3,
        cursor: second.nextCursor,
      });

      const seen = reasonsOf([...first.events, ...second.events, ...third.events]);
      assert.deepEqual(seen.toSorted(), written);
      assert.equal(third.nextCursor, undefined);
    });

    contract.it('says that there is no further page when the last one is full', async () => {
      const subject = randomUUID();
      await contract.store.audit.append([logout({ subject }), logout({ subject })]);

      const page = await contract.store.audit.find({ subject, limit: 2 });

      assert.equal(page.events.length, 2);
      assert.equal(page.nextCursor, undefined);
    });

    contract.it('gives a hundred rows a page when nothing else is asked for', async () => {
      const subject = randomUUID();
      await contract.store.audit.append(Array.from({ length: 101 }, () => logout({ subject })));

      const page = await contract.store.audit.find({ subject });

      assert.equal(page.events.length, 100);
      assert.equal(typeof page.nextCursor, 'string');
    });

    contract.describe('filters', () => {
      const tokenId = randomUUID();
      const ada = randomUUID();
      const found = async (query: AuditQuery): Promise<(string | undefined)[]> =>
        reasonsOf((await contract.store.audit.find({ tokenId, ...query })).events).toSorted();

      contract.beforeAll(async () => {
        await contract.store.audit.append([
          logout({ tokenId, reason: 'a', subject: ada, ip: '203.0.113.7' }),
          logout({ tokenId, reason: 'b', outcome: 'failure', ip: '203.0.114.7' }),
          logout({ tokenId, reason: 'c', event: 'authn_token_reuse', ip: '2001:db8:1::1' }),
          logout({ tokenId, reason: 'd', event: 'authz_fail', outcome: 'failure' }),
        ]);
        await contract.store.audit.append([logout({ subject: ada, reason: 'of another token' })]);
      });

      contract.each<[string, AuditQuery, string[]]>(
        [
          ['the token', {}, ['a', 'b', 'c', 'd']],
          ['the subject', { subject: ada }, ['a']],
          ['the event', { event: 'authn_token_reuse' }, ['c']],
          ['the outcome', { outcome: 'failure' }, ['b', 'd']],
          ['event and outcome', { event: 'authz_fail', outcome: 'success' }, []],
          ['an address', { ip: '203.0.113.7' }, ['a']],
          ['another address', { ip: '203.0.113.8' }, []],
          ['a network', { ip: '203.0.113.0/24' }, ['a']],
          ['a network with bits of a host', { ip: '203.0.113.99/24' }, ['a']],
          ['a wider network', { ip: '203.0.0.0/16' }, ['a', 'b']],
          ['every IPv4 address', { ip: '0.0.0.0/0' }, ['a', 'b']],
          ['an IPv6 address, written otherwise', { ip: '2001:DB8:1:0::1' }, ['c']],
          ['an IPv6 network', { ip: '2001:db8::/32' }, ['c']],
          [
            'the longest time there is',
            { from: new Date(-6e13), to: new Date(2.5e14) },
            ['a', 'b', 'c', 'd'],
          ],
        ],
        'by %s',
        async (_, query, reasons) => {
          assert.deepEqual(await found(query), reasons);
        },
      );

      contract.it('by instant: the first is included, the last is not', async () => {
        const { events } = await contract.store.audit.find({ tokenId, event: 'authz_fail' });
        const at = events[0]?.occurredAt;
        assert.ok(at);

        assert.deepEqual(await found({ event: 'authz_fail', from: at, to: later(at, 1) }), ['d']);
        assert.deepEqual(await found({ event: 'authz_fail', from: later(at, 1) }), []);
        assert.deepEqual(await found({ event: 'authz_fail', to: at }), []);
      });
    });

    contract.each<[string, AuditQuery]>(
      [
        ['a limit of nothing', { limit: 0 }],
        ['a limit over 1000', { limit: 1001 }],
        ['half a row', { limit: 1.5 }],
        ['an instant that is none', { from: new Date(Number.NaN) }],
        ['an end that is none', { to: new Date(Number.NaN) }],
        ['an instant past the year 9999', { from: new Date(8.64e15) }],
        ['an instant before the year 1', { to: new Date(-8.64e15) }],
        ['a name instead of an address', { ip: 'localhost' }],
        ['an address with a zone', { ip: 'fe80::1%eth0' }],
        ['a network of too many bits', { ip: '203.0.113.0/33' }],
        ['a network of no bits', { ip: '203.0.113.0/' }],
        ['a network of networks', { ip: '203.0.113.0/24/24' }],
        ['a network of a negative size', { ip: '203.0.113.0/-1' }],
        ['a subject with U+0000', { subject: 'a\0' }],
        ['an empty cursor', { cursor: '' }],
        ['a cursor of something else', { cursor: cursor('tomorrow') }],
        ['a cursor without an id', { cursor: cursor('1795132800000000.') }],
        ['a cursor that is no base64url', { cursor: '????' }],
        ['a cursor spelt otherwise', { cursor: `${cursor(`1.${randomUUID()}`)}=` }],
      ],
      'refuses %s as a mistake of the caller',
      async (_, query) => {
        await assert.rejects(contract.store.audit.find(query), TypeError);
      },
    );
  });
}
