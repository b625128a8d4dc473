import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const PAGES = ['.', 'docs'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

/** The anchor that GitHub and npm give a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

const anchorsIn = (page: string): string[] =>
  [...readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    anchorOf(heading),
  );

const linksIn = (page: string): string[] =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(
    ([, link = '']) => link,
  );

/** What npm packs beside the build: from a page in it, a link must lead to another page in it. */
const PACKED = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] })
  .files;
const isPacked = (path: string): boolean =>
  PACKED.some((each) => path === each || path.startsWith(`${each}/`));

const LINKS = PAGES.flatMap((page) => linksIn(page).map((link) => [page, link] as const));

describe('A link in the documents', () => {
  it.each(LINKS)('leads somewhere: in %s to %s', (page, link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
    expect(existsSync(target)).toBe(true);
    if (isPacked(page)) expect(isPacked(relative(ROOT, target))).toBe(true);
    if (anchor !== undefined) expect(anchorsIn(target)).toContain(anchor);
  });
});
