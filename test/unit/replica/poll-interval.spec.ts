import { pollIntervalOf } from '../../../src/replica/poll-interval';

describe('How often a replica asks what changed', () => {
  it.each([
    [60_000, 500],
    [2000, 500],
    [1999, 499],
    [200, 50],
  ])('is by default, for a bound of %i ms, every %i ms', (maxStalenessMs, pollIntervalMs) => {
    expect(pollIntervalOf({ maxStalenessMs })).toBe(pollIntervalMs);
  });

  it('is what the option says, up to half of the bound', () => {
    expect(pollIntervalOf({ maxStalenessMs: 1000, pollIntervalMs: 500 })).toBe(500);
    expect(() => pollIntervalOf({ maxStalenessMs: 1000, pollIntervalMs: 501 })).toThrow(
      'at most half of "maxStalenessMs"',
    );
  });
});
