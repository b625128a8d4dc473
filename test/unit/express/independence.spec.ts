import { TypescriptProcess } from '../../support/typescript-process';

const PROGRAM = `
  const before = new Set(Object.keys(require.cache));
  require('./src/express');
  const loaded = Object.keys(require.cache).filter((file) => !before.has(file));
  console.log(JSON.stringify(loaded.map((file) => require('node:path').relative('.', file))));`;

/** What the core is, and the readers of HTTP that need no framework. */
const OWN =
  /^src\/(?:(?:express|tokens|revocation|audit)\/[\w.-]+|http\/(?:bearer|json-body|platform))\.ts$/;

describe('The Express face', () => {
  it('loads the core and nothing else: no Nest, no TypeORM, no package at all', async () => {
    const { code, stdout } = await new TypescriptProcess(PROGRAM).ending();
    const loaded = JSON.parse(stdout) as string[];
    expect(code).toBe(0);
    expect(loaded).toContain('src/revocation/revoked-tokens.service.ts');
    expect(loaded.filter((file) => !OWN.test(file))).toEqual([]);
  });
});
