import { randomBytes, randomUUID } from 'node:crypto';
import type { AuditEvent, RecordedAuditEvent } from '../../src/audit/audit-event';
import type { AuditQuery } from '../../src/audit/audit-trail';
import { StoreUnavailableError } from '../../src/revocation/errors';
import type { RevocationPage, RevocationSearch } from '../../src/revocation/live-revocations';
import type { Revocation } from '../../src/revocation/revocation';
import type { RevocationStore } from '../../src/revocation/revocation-store';
import type { RevocationKey } from '../../src/tokens/identity';
import { about } from '../support/queries';

/** An open store, and the instant that its own clock shows. */
export interface StoreUnderTest {
  readonly store: RevocationStore;
  readonly now: () => Promise<Date>;
}

export const randomKey = (): RevocationKey => randomBytes(32).toString('hex');

/** A logout of a token that is new to the store, good for another hour. */
export function revocation(changes: Partial<Revocation> = {}): Revocation {
  return {
    key: randomKey(),
    scope: 'token',
    issuedBefore: 'infinity',
    expiresAt: new Date(Date.now() + 3_600_000),
    ...changes,
  };
}

export function logout(changes: Partial<AuditEvent> = {}): AuditEvent {
  return { event: 'authn_token_revoked', outcome: 'success', ...changes };
}

function circular(): Record<string, unknown> {
  const detail: Record<string, unknown> = {};
  return Object.assign(detail, { detail });
}

const later = (instant: Date, ms: number): Date => new Date(instant.getTime() + ms);
const cursor = (text: string): string => Buffer.from(text).toString('base64url');
const names = (events: readonly RecordedAuditEvent[]): (string | undefined)[] =>
  events.map(({ reason }) => reason);

/** What every revocation store promises; one with a replica may forget later than it could. */
export function describeRevocationStore(
  name: string,
  open: () => Promise<StoreUnderTest>,
  { forgetsAtOnce } = { forgetsAtOnce: true },
): void {
  describe(`${name} keeps the RevocationStore contract`, () => {
    let store: RevocationStore;
    let now: Date;

    beforeAll(async () => {
      const opened = await open();
      store = opened.store;
      now = await opened.now();
    });

    afterAll(async () => {
      await store.close();
    });

    const fresh = (changes: Partial<Revocation> = {}): Revocation =>
      revocation({ expiresAt: later(now, 3_600_000), ...changes });

    const cutoff = (issuedBefore: Date, key: RevocationKey = randomKey()): Revocation =>
      fresh({ key, scope: 'subject', issuedBefore });

    describe('adding', () => {
      it('tells the call that revoked from the one that came late', async () => {
        const one = fresh();

        expect(await store.add(one, logout())).toBe(true);
        expect(await store.add(one, logout())).toBe(false);
      });

      it('lets exactly one of many simultaneous calls revoke, and audits that one', async () => {
        const one = fresh();
        const subject = randomUUID();

        const answers = await Promise.all(
          Array.from({ length: 12 }, () => store.add(one, logout({ subject }))),
        );

        expect(answers.filter((isNew) => isNew)).toHaveLength(1);
        expect((await store.audit.find({ subject })).events).toHaveLength(1);
      });

      it('keeps the event exactly as it was given', async () => {
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

        await store.add(fresh(), event);

        const { events } = await store.audit.find({ subject: event.subject });
        const [recorded] = events;
        expect(recorded).toEqual({
          ...event,
          id: expect.stringMatching(/^[\da-f-]{36}$/) as string,
          occurredAt: expect.any(Date) as Date,
        });
        expect(Math.abs(recorded!.occurredAt.getTime() - now.getTime())).toBeLessThan(60_000);
      });

      it.each([
        ['a key of 31 bytes', { key: '0'.repeat(62) }],
        ['a key of 33 bytes', { key: '0'.repeat(66) }],
        ['an instant that is none', { expiresAt: new Date(Number.NaN) }],
        ['an instant past the year 9999', { expiresAt: new Date(8.64e15) }],
        ['a cutoff that is no instant', { issuedBefore: new Date(Number.NaN) }],
      ])('refuses %s as a mistake of the caller', async (_, changes) => {
        await expect(store.add(fresh(changes), logout())).rejects.toThrow(TypeError);
      });
    });

    describe('a unit of work', () => {
      const event = (reason: string, subject: string): AuditEvent => logout({ reason, subject });

      it('adds all its revocations, and tells which were new', async () => {
        const [old, ...added] = [fresh(), fresh(), cutoff(now)];
        await store.add(old, logout());
        const revocations = [old, ...added].map((one) => ({ revocation: one, event: logout() }));

        const { areNew } = await store.commit({ revocations, events: [] });

        expect(areNew).toEqual([false, true, true]);
        for (const { key } of [old, ...added])
          expect(await store.isRevoked(about([key], now))).toBe(true);
      });

      it('records the events of what was new, and its own in any case', async () => {
        const subject = randomUUID();
        const [old, added] = [fresh(), fresh()];
        await store.add(old, logout());

        const work = {
          revocations: [
            { revocation: old, event: event('of the old one', subject) },
            { revocation: added, event: event('of the new one', subject) },
          ],
          events: [event('own', subject), event('own, too', subject)],
        };
        await store.commit(work);

        const { events } = await store.audit.find({ subject });
        expect(names(events).toSorted()).toEqual(['of the new one', 'own', 'own, too']);
      });

      it('may hold events alone', async () => {
        const subject = randomUUID();

        await store.commit({ revocations: [], events: [event('alone', subject)] });

        expect(names((await store.audit.find({ subject })).events)).toEqual(['alone']);
      });

      it('shares nothing with others that are committed at once', async () => {
        const units = Array.from({ length: 20 }, (_, index) =>
          Array.from({ length: index % 3 }, () => fresh()),
        );
        const repeated = fresh();
        await store.add(repeated, logout());

        const answers = await Promise.all(
          units.map((unit) =>
            store.commit({
              revocations: [...unit, repeated].map((one) => ({ revocation: one, event: logout() })),
              events: [logout()],
            }),
          ),
        );

        expect(answers.map(({ areNew }) => areNew)).toEqual(
          units.map((unit) => [...unit.map(() => true), false]),
        );
      });

      it.each([
        ['nothing', 0],
        ['more than 1000 members', 1001],
      ])('refuses one of %s as a mistake of the caller', async (_, count) => {
        const events = Array.from({ length: count }, () => logout());
        await expect(store.commit({ revocations: [], events })).rejects.toThrow(TypeError);
      });

      it.each<[string, Record<string, unknown>]>([
        ['a number that JSON has no form for', { count: 1n }],
        ['an object within itself', circular()],
      ])('refuses an event with %s as a mistake of the caller', async (_, detail) => {
        const one = fresh();
        const wrong = { revocation: one, event: logout({ detail }) };

        await expect(store.commit({ revocations: [wrong], events: [] })).rejects.toThrow(TypeError);

        expect(await store.isRevoked(about([one.key], now))).toBe(false);
      });

      it('adds nothing where one of its members is not of its form', async () => {
        const good = fresh();
        const revocations = [good, fresh({ key: 'short' })].map((one) => ({
          revocation: one,
          event: logout(),
        }));

        await expect(store.commit({ revocations, events: [] })).rejects.toThrow(TypeError);

        expect(await store.isRevoked(about([good.key], now))).toBe(false);
      });
    });

    describe('looking up', () => {
      it.each(['token', 'session', 'server-session'] as const)(
        'refuses what a %s revocation covers, however new it is',
        async (scope) => {
          const one = fresh({ scope });
          await store.add(one, logout());

          expect(await store.isRevoked(about([one.key], new Date(0)))).toBe(true);
          expect(await store.isRevoked(about([one.key], later(now, 86_400_000)))).toBe(true);
        },
      );

      it.each([
        ['an hour before', -3_600_000, true],
        ['a millisecond before', -1, true],
        ['at', 0, true],
        ['a millisecond after', 1, false],
        ['an hour after', 3_600_000, false],
      ])('judges a token issued %s the cutoff', async (_, offset, isRevoked) => {
        const one = cutoff(now);
        await store.add(one, logout());

        expect(await store.isRevoked(about([one.key], later(now, offset)))).toBe(isRevoked);
      });

      it.each([
        ['in their order', [100, 900]],
        ['the later one first', [900, 100]],
      ])('obeys the later of two cutoffs of one second, added %s', async (_, offsets) => {
        const key = randomKey();
        const answers = [
          await store.add(cutoff(later(now, offsets[0]!), key), logout()),
          await store.add(cutoff(later(now, offsets[1]!), key), logout()),
        ];

        expect(answers).toEqual([true, true]);
        expect(await store.isRevoked(about([key], later(now, 900)))).toBe(true);
        expect(await store.isRevoked(about([key], later(now, 901)))).toBe(false);
      });

      it('knows nothing of a key that was never revoked', async () => {
        expect(await store.isRevoked(about([randomKey()], now))).toBe(false);
      });

      it('finds one revoked key among several', async () => {
        const one = fresh();
        await store.add(one, logout());

        const keys = [randomKey(), one.key, randomKey()];
        expect(await store.isRevoked(about(keys, now))).toBe(true);
      });

      it('gives each of many simultaneous questions its own answer', async () => {
        const revoked = Array.from({ length: 20 }, () => fresh());
        await Promise.all(revoked.map((one) => store.add(one, logout())));
        const asked = revoked.flatMap(({ key }) => [key, randomKey()]);

        const answers = await Promise.all(
          asked.map(async (key) => store.isRevoked(about([key], now))),
        );

        expect(answers).toEqual(asked.map((_, index) => index % 2 === 0));
      });

      it('judges tokens of different ages that are asked about at once each by its own', async () => {
        const key = randomKey();
        await store.add(cutoff(later(now, 100), key), logout());
        await store.add(cutoff(later(now, 900), key), logout());
        const offsets = Array.from({ length: 30 }, (_, index) => [901, 500, 0][index % 3]!);

        const answers = await Promise.all(
          offsets.map(async (offset) => store.isRevoked(about([key], later(now, offset)))),
        );

        expect(answers).toEqual(offsets.map((offset) => offset <= 900));
      });

      const expiries: [string, number, boolean][] = [['in a minute', 60_000, true]];
      if (forgetsAtOnce) expiries.push(['a second ago', -1000, false]);

      it.each(expiries)(
        'counts a revocation that expires %s by its own clock',
        async (_, offset, isRevoked) => {
          const one = fresh({ expiresAt: later(now, offset) });
          await store.add(one, logout());

          expect(await store.isRevoked(about([one.key], now))).toBe(isRevoked);
        },
      );

      it.each([
        ['no key', [], new Date()],
        ['a key of another length', ['0'.repeat(40)], new Date()],
        ['an instant that is none', [randomKey()], new Date(Number.NaN)],
      ])('refuses to answer about %s', async (_, keys, issuedAt) => {
        await expect((async () => store.isRevoked(about(keys, issuedAt)))()).rejects.toThrow(
          TypeError,
        );
      });
    });

    describe('finding live revocations', () => {
      const reasonsOf = (found: readonly Revocation[]): (string | undefined)[] =>
        found.map(({ reason }) => reason);
      const find = (search: RevocationSearch): Promise<RevocationPage> => store.find(search);

      it('gives each back as it was added, with the instant by its own clock', async () => {
        const one = fresh({
          scope: 'subject',
          issuedBefore: later(now, -1500),
          issuer: 'https://login.example',
          subject: randomUUID(),
          tokenId: 'jti-1',
          sessionId: 'sid-1',
          clientId: 'app',
          reason: 'a lost phone',
          actor: 'admin “ñandú”',
        });
        await store.add(one, logout());

        const { revocations, nextCursor } = await find({ subject: one.subject });

        const [found] = revocations;
        expect(revocations).toEqual([{ ...one, revokedAt: expect.any(Date) as Date }]);
        expect(Math.abs(found!.revokedAt.getTime() - now.getTime())).toBeLessThan(60_000);
        expect(nextCursor).toBeUndefined();
      });

      it('leaves out what has expired', async () => {
        const subject = randomUUID();
        await store.add(fresh({ subject, reason: 'live' }), logout());
        await store.add(fresh({ subject, expiresAt: later(now, -1000) }), logout());

        expect(reasonsOf((await find({ subject })).revocations)).toEqual(['live']);
      });

      it('pages newest first, without repeating or skipping, while more is revoked', async () => {
        const subject = randomUUID();
        const add = (reason: string, changes: Partial<Revocation> = {}): Promise<boolean> =>
          store.add(fresh({ subject, reason, ...changes }), logout());
        for (const at of [0, 1, 2, 3, 4]) await add(`number ${at}`);
        // One unit: they may be of the same instant, and the last two are of the same key.
        const key = randomKey();
        const together = [fresh(), cutoff(later(now, 1), key), cutoff(later(now, 2), key)];
        await store.commit({
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
        expect(pages.flat()).toEqual([
          ...['together', 'together', 'together'],
          ...['number 4', 'number 3', 'number 2', 'number 1', 'number 0'],
        ]);
        expect(third.nextCursor).toBeUndefined();
      });

      describe('filters', () => {
        const issuer = randomUUID();
        const found = async (search: RevocationSearch): Promise<(string | undefined)[]> =>
          reasonsOf((await find({ issuer, ...search })).revocations).toSorted();

        beforeAll(async () => {
          const added: Partial<Revocation>[] = [
            { reason: 'a', subject: 'ada', tokenId: 't1' },
            { reason: 'b', subject: 'ada', scope: 'session', sessionId: 's1' },
            { reason: 'c', scope: 'client', clientId: 'app', issuedBefore: now },
          ];
          for (const one of added) await store.add(fresh({ issuer, ...one }), logout());
        });

        it.each<[string, RevocationSearch, string[]]>([
          ['the issuer', {}, ['a', 'b', 'c']],
          ['the scope', { scope: 'session' }, ['b']],
          ['the subject', { subject: 'ada' }, ['a', 'b']],
          ['the token', { tokenId: 't1' }, ['a']],
          ['the session', { sessionId: 's1' }, ['b']],
          ['the client', { clientId: 'app' }, ['c']],
          ['two of them', { subject: 'ada', scope: 'client' }, []],
        ])('by %s', async (_, search, reasons) => {
          expect(await found(search)).toEqual(reasons);
        });
      });

      it.each<[string, object]>([
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
      ])('refuses %s as a mistake of the caller', async (_, search) => {
        await expect(find(search)).rejects.toThrow(TypeError);
      });
    });

    describe('explaining a verdict', () => {
      const explained = async (
        query: Parameters<RevocationStore['explain']>[0],
      ): Promise<(string | undefined)[]> =>
        (await store.explain(query)).map(({ reason }) => reason).toSorted();

      it('names every live revocation that covers the token, and no other', async () => {
        const [token, subject, other] = [randomKey(), randomKey(), randomKey()];
        const cut = (offset: number, reason: string): Revocation => ({
          ...cutoff(later(now, offset), subject),
          reason,
        });
        const added: Revocation[] = [
          fresh({ key: token, reason: 'its own logout' }),
          fresh({ key: other, reason: 'of another token' }),
          fresh({ key: token, expiresAt: later(now, -1000), reason: 'expired' }),
          cut(-1, 'before it was issued'),
          cut(0, 'when it was issued'),
          cut(1, 'after it was issued'),
          { ...cut(0, 'of every age'), issuedBefore: 'infinity' },
        ];
        for (const one of added) await store.add(one, logout());

        const query = { absolute: [token], cutoffs: [{ key: subject, at: now.getTime() }] };
        expect(await explained(query)).toEqual([
          'after it was issued',
          'its own logout',
          'of every age',
          'when it was issued',
        ]);
        expect(await explained({ absolute: [subject], cutoffs: [] })).toEqual(['of every age']);
      });

      it('says nothing of a token that is not revoked', async () => {
        expect(await explained(about([randomKey()], now))).toEqual([]);
      });

      it('refuses a question without a key as a mistake of the caller', async () => {
        await expect(store.explain({ absolute: [], cutoffs: [] })).rejects.toThrow(TypeError);
      });
    });

    describe('reading the audit', () => {
      it('shows the newest first', async () => {
        const subject = randomUUID();
        await store.audit.append([logout({ subject, reason: 'first' })]);
        await store.audit.append([logout({ subject, reason: 'second' })]);

        const { events, nextCursor } = await store.audit.find({ subject });

        expect(names(events)).toEqual(['second', 'first']);
        expect(nextCursor).toBeUndefined();
      });

      it('takes a batch of no events', async () => {
        await expect(store.audit.append([])).resolves.toBeUndefined();
      });

      it('pages without repeating or skipping, while more is written', async () => {
        const subject = randomUUID();
        const write = (reasons: readonly string[]): Promise<void> =>
          store.audit.append(reasons.map((reason) => logout({ subject, reason })));
        const written = Array.from({ length: 7 }, (_, index) => `event ${index}`);
        await write(written);

        const first = await store.audit.find({ subject, limit: 3 });
        await write(['meanwhile']);
        const second = await store.audit.find({ subject, limit: 3, cursor: first.nextCursor });
        await write(['meanwhile too']);
        const third = await store.audit.find({ subject, limit: 3, cursor: second.nextCursor });

        const seen = names([...first.events, ...second.events, ...third.events]);
        expect(seen.toSorted()).toEqual(written);
        expect(third.nextCursor).toBeUndefined();
      });

      it('says that there is no further page when the last one is full', async () => {
        const subject = randomUUID();
        await store.audit.append([logout({ subject }), logout({ subject })]);

        const page = await store.audit.find({ subject, limit: 2 });

        expect(page.events).toHaveLength(2);
        expect(page.nextCursor).toBeUndefined();
      });

      it('gives a hundred rows a page when nothing else is asked for', async () => {
        const subject = randomUUID();
        await store.audit.append(Array.from({ length: 101 }, () => logout({ subject })));

        const page = await store.audit.find({ subject });

        expect(page.events).toHaveLength(100);
        expect(page.nextCursor).toEqual(expect.any(String));
      });

      describe('filters', () => {
        const tokenId = randomUUID();
        const ada = randomUUID();
        const found = async (query: AuditQuery): Promise<(string | undefined)[]> =>
          names((await store.audit.find({ tokenId, ...query })).events).toSorted();

        beforeAll(async () => {
          await store.audit.append([
            logout({ tokenId, reason: 'a', subject: ada, ip: '203.0.113.7' }),
            logout({ tokenId, reason: 'b', outcome: 'failure', ip: '203.0.114.7' }),
            logout({ tokenId, reason: 'c', event: 'authn_token_reuse', ip: '2001:db8:1::1' }),
            logout({ tokenId, reason: 'd', event: 'authz_fail', outcome: 'failure' }),
          ]);
          await store.audit.append([logout({ subject: ada, reason: 'of another token' })]);
        });

        it.each<[string, AuditQuery, string[]]>([
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
        ])('by %s', async (_, query, reasons) => {
          expect(await found(query)).toEqual(reasons);
        });

        it('by instant: the first is included, the last is not', async () => {
          const { events } = await store.audit.find({ tokenId, event: 'authz_fail' });
          const at = events[0]!.occurredAt;

          expect(await found({ event: 'authz_fail', from: at, to: later(at, 1) })).toEqual(['d']);
          expect(await found({ event: 'authz_fail', from: later(at, 1) })).toEqual([]);
          expect(await found({ event: 'authz_fail', to: at })).toEqual([]);
        });
      });

      it.each<[string, AuditQuery]>([
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
      ])('refuses %s as a mistake of the caller', async (_, query) => {
        await expect(store.audit.find(query)).rejects.toThrow(TypeError);
      });
    });

    describe('closed', () => {
      let closed: RevocationStore;

      beforeAll(async () => {
        closed = (await open()).store;
        await closed.close();
        await closed.close();
      });

      afterAll(async () => {
        await closed.close();
      });

      it.each<[string, () => Promise<unknown>]>([
        ['adds nothing', () => closed.add(fresh(), logout())],
        [
          'never says that a token is not revoked',
          async () => closed.isRevoked(about([randomKey()], now)),
        ],
        ['appends nothing', () => closed.audit.append([logout()])],
        ['finds no revocation', () => closed.find({})],
        ['explains nothing', () => closed.explain(about([randomKey()], now))],
        ['finds nothing in the audit', () => closed.audit.find({})],
      ])('%s', async (_, use) => {
        await expect(use()).rejects.toThrow(StoreUnavailableError);
      });

      it('answers again once it is opened again', async () => {
        await closed.open();
        await closed.open();

        expect(await closed.isRevoked(about([randomKey()], now))).toBe(false);
      });
    });
  });
}
