import { OncePerWindow } from '../../../src/audit/once-per-window';

describe('One row for a key and a window', () => {
  let now: number;
  let windows: OncePerWindow;
  beforeEach(() => {
    now = 1_000_000;
    windows = new OncePerWindow(() => now);
  });

  it('is enough until the window has ended', () => {
    expect(windows.isWritten('a')).toBe(false);
    windows.written('a', 60_000);
    now += 59_999;
    expect(windows.isWritten('a')).toBe(true);
    now += 1;
    expect(windows.isWritten('a')).toBe(false);
  });

  it('is kept apart for each key', () => {
    windows.written('a', 1000);
    expect(windows.isWritten('b')).toBe(false);
  });

  it('is remembered for ten thousand keys; the one that was quiet for longest is forgotten', () => {
    for (let i = 0; i < 10_000; i += 1) windows.written(`key-${i}`, 60_000);
    expect(windows.isWritten('key-0')).toBe(true);
    windows.written('one more', 60_000);
    expect(['key-0', 'key-1', 'one more'].map((key) => windows.isWritten(key))).toEqual([
      true,
      false,
      true,
    ]);
  });
});
