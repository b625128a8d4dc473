import { randomUUID } from 'node:crypto';
import { SightedTexts } from '../../../../src/tokens/verification/seen-once-filter';

describe('Whether a text was sighted before', () => {
  it('is told from the second time on', () => {
    const sighted = new SightedTexts();
    const text = `header.payload.${randomUUID()}`;
    expect([sighted.sight(text), sighted.sight(text), sighted.sight(text)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is told of ten thousand texts at once, nearly all', () => {
    const sighted = new SightedTexts();
    const texts = Array.from({ length: 10_000 }, () => randomUUID());
    expect(texts.filter((text) => sighted.sight(text))).toEqual([]);
    expect(texts.filter((text) => sighted.sight(text)).length).toBeGreaterThan(8000);
  });

  it('is told of texts of any length', () => {
    const sighted = new SightedTexts();
    expect(['', 'a', 'é'].map((text) => sighted.sight(text))).toEqual([false, false, false]);
    expect(['', 'a', 'é'].map((text) => sighted.sight(text))).toEqual([true, true, true]);
  });
});
