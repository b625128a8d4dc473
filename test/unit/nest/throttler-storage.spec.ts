import { ThrottlerStorageService } from '@nestjs/throttler';
import { ThrottlerStorageCounter } from '../../../src/nest/throttler-storage';

const RULES = { limit: 3, windowMs: 60_000 };

describe("A host's ThrottlerStorage", () => {
  it('counts as ours does: the limit passes, then the key is full for a window', async () => {
    const storage = new ThrottlerStorageService();
    const counter = new ThrottlerStorageCounter(storage);
    const answers: unknown[] = [];
    for (let i = 0; i < 4; i += 1) answers.push(await counter.count('ada', RULES));
    expect(answers).toEqual([undefined, undefined, undefined, 60_000]);
    storage.onApplicationShutdown();
  });

  it('that never answers is given up after a second, so that a logout is answered', async () => {
    jest.useFakeTimers();
    const counter = new ThrottlerStorageCounter({ increment: () => new Promise(() => undefined) });
    const counted = expect(counter.count('ada', RULES)).rejects.toThrow(
      'The storage of the throttler took longer than 1000 ms.',
    );
    await jest.advanceTimersByTimeAsync(1000);
    await counted;
    jest.useRealTimers();
  });

  it('is full also where it does not say for how long', async () => {
    const full = { isBlocked: true, timeToBlockExpire: 0 };
    const counter = new ThrottlerStorageCounter({ increment: () => Promise.resolve(full) });
    expect(await counter.count('ada', RULES)).toBe(0);
  });
});
