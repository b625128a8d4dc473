import {
  decodeFrame,
  decodePage,
  encodeFrame,
  encodePage,
  encodeQuestion,
  packed,
  questionsIn,
  type Frame,
} from '../../../src/relay/frame';
import { revocationOf, sliceOf } from '../replica/manual-ports';

const HOUR = new Date(Date.UTC(2026, 0, 1, 1));
const KEY = 'ab'.repeat(32);
const FRAME: Frame = {
  answers: ['0123456789abcdef'],
  cursor: { snapshot: '12:15:12,13', server: '7/00000001/1.5/2.5' },
  storeMs: 1_767_225_600_000,
  slice: {
    absolute: [{ expiresBefore: HOUR, prefixes: Buffer.alloc(32, 7) }],
    cutoffs: [
      { key: KEY, issuedBefore: 'infinity', expiresAt: HOUR },
      { key: KEY, issuedBefore: new Date(5), expiresAt: HOUR },
    ],
  },
};

/** The text of a frame with one part exchanged. */
function frameWith(path: readonly number[], value: unknown): string {
  const text = JSON.parse(encodeFrame(FRAME)) as unknown[];
  const holder = path.slice(0, -1).reduce((part, at) => part[at] as unknown[], text);
  holder[path.at(-1) ?? 0] = value;
  return JSON.stringify(text);
}

describe('A frame', () => {
  it('is read as it was written', () => {
    expect(decodeFrame(encodeFrame(FRAME))).toEqual(FRAME);
    expect(decodePage(encodePage(FRAME.slice))).toEqual(FRAME.slice);
  });

  it.each([
    ['is of another version', [0], 2],
    ['has no time', [3], null],
    ['has a cursor with quotes', [2, 0], "1:1:'; DROP TABLE revoked_tokens; --"],
    ['has a cursor with a comment', [2, 0], '1:1:1--'],
    ['has a server with quotes', [2, 1], "x'"],
    ['has half a prefix', [4, 0, 0, 1], 'AAAA'],
    ['has no instant', [4, 0, 0, 0], 1e300],
    ['has a key that is none', [4, 1, 0, 0], 'x'],
  ])('is not read where it %s', (_, path, value) => {
    expect(() => decodeFrame(frameWith(path, value))).toThrow(/Run one version everywhere/);
  });

  it.each(['', '[]', '{}', '[1,[],["1:1:","x"],0]'])('is not %j', (text) => {
    expect(() => decodeFrame(text)).toThrow();
  });
});

describe('A question', () => {
  it('is read as it was written', () => {
    const question = { nonce: '0123456789abcdef', maxStalenessMs: 2000 };
    expect(questionsIn(encodeQuestion(question))).toEqual([question]);
  });

  it.each(['', '0123456789abcdef', 'x 2000', '0123456789abcdef 2000 x', '0123456789ABCDEF 2000'])(
    'is not %j',
    (text) => {
      expect(questionsIn(text)).toEqual([]);
    },
  );
});

describe('Slices', () => {
  it('are packed into few, none of them too large, and lose nothing', () => {
    const slices = Array.from({ length: 20 }, (_, at) =>
      sliceOf(Array.from({ length: 512 }, (_unused, token) => revocationOf(at * 512 + token))),
    );
    const packs = packed([{ absolute: [], cutoffs: [] }, ...slices]);

    expect(packs.map(({ absolute }) => absolute.length)).toEqual([4096, 4096, 2048]);
    expect(packs.flatMap(({ absolute }) => absolute)).toEqual(
      slices.flatMap(({ absolute }) => absolute),
    );
  });
});
