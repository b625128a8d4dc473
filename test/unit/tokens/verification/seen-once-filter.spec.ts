import { randomUUID } from 'node:crypto';
import { SeenOnceFilter } from '../../../../src/tokens/verification/seen-once-filter';

describe('Whether a text was sighted before', () => {
  it('is told from the second time on', () => {
    const sighted = new SeenOnceFilter();
    const text = `header.payload.${randomUUID()}`;
    expect([sighted.wasSeen(text), sighted.wasSeen(text), sighted.wasSeen(text)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is told of ten thousand texts at once, nearly all', () => {
    const sighted = new SeenOnceFilter();
    const texts = Array.from({ length: 10_000 }, () => randomUUID());
    expect(texts.filter((text) => sighted.wasSeen(text))).toEqual([]);
    expect(texts.filter((text) => sighted.wasSeen(text)).length).toBeGreaterThan(8000);
  });

  it('is told of texts of any length', () => {
    const sighted = new SeenOnceFilter();
    expect(['', 'a', 'é'].map((text) => sighted.wasSeen(text))).toEqual([false, false, false]);
    expect(['', 'a', 'é'].map((text) => sighted.wasSeen(text))).toEqual([true, true, true]);
  });
});
