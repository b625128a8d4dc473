import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** `path` "title" in SECURITY.md. */
const claims = [
  ...readFileSync(join(ROOT, 'SECURITY.md'), 'utf8').matchAll(/`([\w/.-]+\.spec\.ts)` "([^"]+)"/g),
].map(([, file = '', title = '']) => [file, title] as const);

describe('What SECURITY.md claims', () => {
  it('is shown by many tests', () => {
    expect(claims.length).toBeGreaterThan(20);
  });

  it.each(claims)('is shown by %s: %s', (file, title) => {
    expect(readFileSync(join(ROOT, 'test', file), 'utf8')).toContain(title);
  });
});
