import assert from 'node:assert/strict';
import { about, later, logout, randomKey, type Contract } from './contract';

/** Whether a token is revoked. */
export function describeLookingUp(contract: Contract): void {
  contract.describe('looking up', () => {
    contract.each(
      [['token'], ['session'], ['server-session']] as const,
      'refuses what a %s revocation covers, however new it is',
      async (scope) => {
        const one = contract.fresh({ scope });
        await contract.store.add(one, logout());

        assert.equal(await contract.store.isRevoked(about([one.key], new Date(0))), true);
        assert.equal(
          await contract.store.isRevoked(about([one.key], later(contract.now, 86_400_000))),
          true,
        );
      },
    );

    contract.each(
      [
        ['an hour before', -3_600_000, true],
        ['a millisecond before', -1, true],
        ['at', 0, true],
        ['a millisecond after', 1, false],
        ['an hour after', 3_600_000, false],
      ],
      'judges a token issued %s the cutoff',
      async (_, offset, isRevoked) => {
        const one = contract.cutoff(contract.now);
        await contract.store.add(one, logout());

        assert.equal(
          await contract.store.isRevoked(about([one.key], later(contract.now, offset))),
          isRevoked,
        );
      },
    );

    contract.each(
      [
        ['in their order', 100, 900],
        ['the later one first', 900, 100],
      ],
      'obeys the later of two cutoffs of one second, added %s',
      async (_, first, second) => {
        const key = randomKey();
        const answers = [
          await contract.store.add(contract.cutoff(later(contract.now, first), key), logout()),
          await contract.store.add(contract.cutoff(later(contract.now, second), key), logout()),
        ];

        assert.deepEqual(answers, [true, true]);
        assert.equal(await contract.store.isRevoked(about([key], later(contract.now, 900))), true);
        assert.equal(await contract.store.isRevoked(about([key], later(contract.now, 901))), false);
      },
    );

    contract.it('knows nothing of a key that was never revoked', async () => {
      assert.equal(await contract.store.isRevoked(about([randomKey()], contract.now)), false);
    });

    contract.it('finds one revoked key among several', async () => {
      const one = contract.fresh();
      await contract.store.add(one, logout());

      const keys = [randomKey(), one.key, randomKey()];
      assert.equal(await contract.store.isRevoked(about(keys, contract.now)), true);
    });

    contract.it('gives each of many simultaneous questions its own answer', async () => {
      const revoked = Array.from({ length: 20 }, () => contract.fresh());
      await Promise.all(revoked.map((one) => contract.store.add(one, logout())));
      const asked = revoked.flatMap(({ key }) => [key, randomKey()]);

      const answers = await Promise.all(
        asked.map(async (key) => contract.store.isRevoked(about([key], contract.now))),
      );

      assert.deepEqual(
        answers,
        asked.map((_, index) => index % 2 === 0),
      );
    });

    contract.it(
      'judges tokens of different ages that are asked about at once each by its own',
      async () => {
        const key = randomKey();
        await contract.store.add(contract.cutoff(later(contract.now, 100), key), logout());
        await contract.store.add(contract.cutoff(later(contract.now, 900), key), logout());
        const offsets = Array.from({ length: 10 }, () => [901, 500, 0]).flat();

        const answers = await Promise.all(
          offsets.map(async (offset) =>
            contract.store.isRevoked(about([key], later(contract.now, offset))),
          ),
        );

        assert.deepEqual(
          answers,
          offsets.map((offset) => offset <= 900),
        );
      },
    );

    const expiries: [string, number, boolean][] = [['in a minute', 60_000, true]];
    if (contract.forgetsAtOnce) expiries.push(['a second ago', -1000, false]);

    contract.each(
      expiries,
      'counts a revocation that expires %s by its own clock',
      async (_, offset, isRevoked) => {
        const one = contract.fresh({ expiresAt: later(contract.now, offset) });
        await contract.store.add(one, logout());

        assert.equal(await contract.store.isRevoked(about([one.key], contract.now)), isRevoked);
      },
    );

    contract.each(
      [
        ['no key', [], new Date()],
        ['a key of another length', ['0'.repeat(40)], new Date()],
        ['an instant that is none', [randomKey()], new Date(Number.NaN)],
      ],
      'refuses to answer about %s',
      async (_, keys, issuedAt) => {
        await assert.rejects(
          (async () => contract.store.isRevoked(about(keys, issuedAt)))(),
          TypeError,
        );
      },
    );
  });
}
