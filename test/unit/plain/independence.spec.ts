import { TypescriptProcess } from '../../support/typescript-process';

const programOf = (face: string): string => `
  const before = new Set(Object.keys(require.cache));
  require('./src/${face}');
  const loaded = Object.keys(require.cache).filter((file) => !before.has(file));
  console.log(JSON.stringify(loaded.map((file) => require('node:path').relative('.', file))));`;

/** The core and what reads HTTP without a framework. */
const OWN = /^src\/(?!(?:nest|service|stores)\/)/;
/** Packages that come with ours, and bring none themselves. */
const BROUGHT = /(?:^|\/)node_modules\/(?:@opentelemetry\/api|lru-cache)\//;

const loadedBy = async (entry: string): Promise<readonly string[]> => {
  const { code, stdout } = await new TypescriptProcess(programOf(entry)).ending();
  expect(code).toBe(0);
  return JSON.parse(stdout) as string[];
};

describe.each(['express', 'fastify'])('The face of plain %s', (face) => {
  it('loads the core and nothing that a host must install: no Nest, no TypeORM', async () => {
    const loaded = await loadedBy(face);
    expect(loaded).toContain('src/revocation/revoked-tokens.service.ts');
    expect(loaded.filter((file) => !OWN.test(file) && !BROUGHT.test(file))).toEqual([]);
  });
});

describe('nestjs-logout/redis', () => {
  it('loads nothing that a host must install: no client of Redis, no Nest', async () => {
    const loaded = await loadedBy('redis');
    expect(loaded).toContain('src/replica/replica.ts');
    expect(loaded.filter((file) => !OWN.test(file) && !BROUGHT.test(file))).toEqual([]);
  });
});
