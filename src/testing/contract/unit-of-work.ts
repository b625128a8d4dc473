import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '../../audit/audit-event';
import { about, logout, reasonsOf, type Contract } from './contract';

const WITHIN_ITSELF: Record<string, unknown> = {};
WITHIN_ITSELF.detail = WITHIN_ITSELF;

/** Several revocations and events at once. */
export function describeUnitsOfWork(contract: Contract): void {
  contract.describe('a unit of work', () => {
    const event = (reason: string, subject: string): AuditEvent => logout({ reason, subject });

    contract.it('adds all its revocations, and tells which were new', async () => {
      const [old, ...added] = [contract.fresh(), contract.fresh(), contract.cutoff(contract.now)];
      await contract.store.add(old, logout());
      const revocations = [old, ...added].map((one) => ({ revocation: one, event: logout() }));

      const { areNew } = await contract.store.commit({ revocations, events: [] });

      assert.deepEqual(areNew, [false, true, true]);
      for (const { key } of [old, ...added])
        assert.equal(await contract.store.isRevoked(about([key], contract.now)), true);
    });

    contract.it('records the events of what was new, and its own in any case', async () => {
      const subject = randomUUID();
      const [old, added] = [contract.fresh(), contract.fresh()];
      await contract.store.add(old, logout());

      const work = {
        revocations: [
          { revocation: old, event: event('of the old one', subject) },
          { revocation: added, event: event('of the new one', subject) },
        ],
        events: [event('own', subject), event('own, too', subject)],
      };
      await contract.store.commit(work);

      const { events } = await contract.store.audit.find({ subject });
      assert.deepEqual(reasonsOf(events).toSorted(), ['of the new one', 'own', 'own, too']);
    });

    contract.it('may hold events alone', async () => {
      const subject = randomUUID();

      await contract.store.commit({ revocations: [], events: [event('alone', subject)] });

      assert.deepEqual(reasonsOf((await contract.store.audit.find({ subject })).events), ['alone']);
    });

    contract.it('shares nothing with others that are committed at once', async () => {
      const units = Array.from({ length: 20 }, (_, index) =>
        Array.from({ length: index % 3 }, () => contract.fresh()),
      );
      const repeated = contract.fresh();
      await contract.store.add(repeated, logout());

      const answers = await Promise.all(
        units.map((unit) =>
          contract.store.commit({
            revocations: [...unit, repeated].map((one) => ({ revocation: one, event: logout() })),
            events: [logout()],
          }),
        ),
      );

      assert.deepEqual(
        answers.map(({ areNew }) => areNew),
        units.map((unit) => [...unit.map(() => true), false]),
      );
    });

    contract.each(
      [
        ['nothing', 0],
        ['more than 1000 members', 1001],
      ],
      'refuses one of %s as a mistake of the caller',
      async (_, count) => {
        const events = Array.from({ length: count }, () => logout());
        await assert.rejects(contract.store.commit({ revocations: [], events }), TypeError);
      },
    );

    contract.each<[string, Record<string, unknown>]>(
      [
        ['a number that JSON has no form for', { count: 1n }],
        ['an object within itself', WITHIN_ITSELF],
      ],
      'refuses an event with %s as a mistake of the caller',
      async (_, detail) => {
        const one = contract.fresh();
        const wrong = { revocation: one, event: logout({ detail }) };

        await assert.rejects(
          contract.store.commit({ revocations: [wrong], events: [] }),
          TypeError,
        );

        assert.equal(await contract.store.isRevoked(about([one.key], contract.now)), false);
      },
    );

    contract.it('adds nothing where one of its members is not of its form', async () => {
      const good = contract.fresh();
      const revocations = [good, contract.fresh({ key: 'short' })].map((one) => ({
        revocation: one,
        event: logout(),
      }));

      await assert.rejects(contract.store.commit({ revocations, events: [] }), TypeError);

      assert.equal(await contract.store.isRevoked(about([good.key], contract.now)), false);
    });
  });
}
