import { randomUUID } from 'node:crypto';
import { SeenOnceFilter } from '../../../../src/tokens/verification/seen-once-filter';

describe('Whether a text was seen before', () => {
  it('is told from the second time on', () => {
    const seenOnce = new SeenOnceFilter();
    const text = `header.payload.${randomUUID()}`;
    expect([seenOnce.wasSeen(text), seenOnce.wasSeen(text), seenOnce.wasSeen(text)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is told of ten thousand texts at once, nearly all', () => {
    const seenOnce = new SeenOnceFilter();
    const texts = Array.from({ length: 10_000 }, () => randomUUID());
    expect(texts.filter((text) => seenOnce.wasSeen(text))).toEqual([]);
    expect(texts.filter((text) => seenOnce.wasSeen(text)).length).toBeGreaterThan(8000);
  });

  it('is told of texts of any length', () => {
    const seenOnce = new SeenOnceFilter();
    expect(['', 'a', 'é'].map((text) => seenOnce.wasSeen(text))).toEqual([false, false, false]);
    expect(['', 'a', 'é'].map((text) => seenOnce.wasSeen(text))).toEqual([true, true, true]);
  });
});
