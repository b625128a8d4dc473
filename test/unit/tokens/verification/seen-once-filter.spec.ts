import { randomUUID } from 'node:crypto';
import { SeenOnceFilter } from '../../../../src/tokens/verification/seen-once-filter';

describe('Whether a text was seen before', () => {
  it('is told from the second time on', () => {
    const seenOnce = new SeenOnceFilter();
    const text = `header.payload.${randomUUID()}`;
    expect([seenOnce.noteSeen(text), seenOnce.noteSeen(text), seenOnce.noteSeen(text)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is told of ten thousand texts at once, nearly all', () => {
    const seenOnce = new SeenOnceFilter();
    const texts = Array.from({ length: 10_000 }, () => randomUUID());
    // Two of them share a hash of 32 bits once in a hundred runs.
    expect(texts.filter((text) => seenOnce.noteSeen(text)).length).toBeLessThan(5);
    expect(texts.filter((text) => seenOnce.noteSeen(text)).length).toBeGreaterThan(8000);
  });

  it('is told of texts of any length', () => {
    const seenOnce = new SeenOnceFilter();
    expect(['', 'a', 'é'].map((text) => seenOnce.noteSeen(text))).toEqual([false, false, false]);
    expect(['', 'a', 'é'].map((text) => seenOnce.noteSeen(text))).toEqual([true, true, true]);
  });
});
