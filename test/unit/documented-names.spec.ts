import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MESSAGES } from '../../src/web/answers';

const ROOT = join(__dirname, '..', '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const page = read('docs/api.md');

const ENTRIES = [
  'src/index.ts',
  'src/plain/public-names.ts',
  'src/express/index.ts',
  'src/fastify/index.ts',
  'src/postgres/index.ts',
  'src/redis/index.ts',
  'src/nats/index.ts',
  'src/stores/memory/index.ts',
  'src/nest/terminus/index.ts',
  'src/nest/jwt/index.ts',
  'src/nest/socket-io/index.ts',
  'src/nest/ws/index.ts',
  'src/nest/passport/index.ts',
  'src/testing/index.ts',
  'src/core/index.ts',
  'src/presets/index.ts',
  'src/client/index.mts',
];

const namesIn = (entry: string): string[] =>
  [...read(entry).matchAll(/^export (?:type )?\{([^}]+)\}/gm)].flatMap(([, names = '']) =>
    // `as`: the name behind it is the public one.
    names.split(',').flatMap((name) => name.trim().split(' as ').at(-1) || []),
  );

function membersOf(type: string, file: string): string[] {
  const body = new RegExp(`interface ${type} \\{([^]*?)^\\}`, 'm').exec(read(file))?.[1] ?? '';
  return [...body.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name = '']) => name);
}

const isNamed = (name: string): boolean => new RegExp(`\`${name}\\b`).test(page);

describe('docs/api.md', () => {
  it.each(ENTRIES)('names all that %s exports', (entry) => {
    const names = namesIn(entry);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !isNamed(name))).toEqual([]);
  });

  it.each([
    ['RevokeOptions', membersOf('RevokeOptions', 'src/revocation/additions.ts')],
    ['RevocationSearch', membersOf('RevocationSearch', 'src/revocation/live-revocations.ts')],
    ['Messages', Object.keys(MESSAGES.en)],
  ])('names the members of %s', (_type, members) => {
    expect(members.length).toBeGreaterThan(3);
    expect(members.filter((name) => !isNamed(name))).toEqual([]);
  });
});
