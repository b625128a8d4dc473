import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** What a document claims, as `path` "title", "title": the tests that show it. */
function claimsIn(document: string): [file: string, title: string][] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(/`([\w/.-]+\.spec\.ts)`((?:,? "[^"]+")+)/g)].flatMap(
    ([, file = '', titles = '']) =>
      [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']): [string, string] => [file, title]),
  );
}

describe.each([
  ['SECURITY.md', 'test'],
  ['docs/operations.md', 'test/faults'],
])('What %s claims', (document, folder) => {
  const claims = claimsIn(document);

  it('is shown by many tests', () => {
    expect(claims.length).toBeGreaterThan(20);
  });

  it.each(claims)('is shown by %s: %s', (file, title) => {
    expect(readFileSync(join(ROOT, folder, file), 'utf8')).toContain(title);
  });
});
