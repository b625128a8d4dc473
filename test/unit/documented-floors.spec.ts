import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The folders of each floor, from the ground up, as the lint rule has them. */
function lintedFloors(): string[][] {
  const list = /^const floors = \[$([^]*?)^\];$/m.exec(read('eslint.config.mjs'))?.[1] ?? '';
  return [...list.matchAll(/^ {2}\[(.+)\],$/gm)].map(([, folders = '']) => quoted(folders, "'"));
}

/** The same by the table of docs/architecture.md, whose first row is the top floor. */
function documentedFloors(): [number: string, folders: string[]][] {
  return [...read('docs/architecture.md').matchAll(/^\| (\d+) +\| (`.+?`) +\|/gm)].map(
    ([, number = '', folders = '']) => [number, quoted(folders, '`')],
  );
}

const quoted = (text: string, quote: string): string[] =>
  text
    .split(',')
    .map((folder) => folder.trim().replaceAll(quote, ''))
    .toSorted();

describe('The floors', () => {
  it('are in docs/architecture.md as the lint rule has them', () => {
    const floors = lintedFloors().map((folders, at) => [String(at + 1), folders]);
    expect(documentedFloors().toReversed()).toEqual(floors);
  });

  it('hold every folder of src', () => {
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(lintedFloors().flat().toSorted()).toEqual(folders.toSorted());
  });
});
