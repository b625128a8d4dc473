import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/temporary-folder';
import { TypescriptProcess } from '../../support/typescript-process';

const SRC = join(__dirname, '..', '..', '..', 'src');

/** A host whose module is of this copy; `other` is a second one, in a folder of its own. */
const program = (other: string, work: string): string => `
  require('reflect-metadata');
  const { Logger, Controller, Get, Module, UseGuards } = require('@nestjs/common');
  const { NestFactory } = require('@nestjs/core');
  Logger.overrideLogger({ log() {}, error() {}, warn: (line) => console.log('WARN ' + line) });
  const ours = require('./src');
  const { MemoryRevocationStore } = require('./src/stores/memory');
  const load = (file) => require(${JSON.stringify(other)} + file);
  const rules = (store) => ({
    algorithms: ['HS256'], keys: 'x'.repeat(32), issuer: null, audience: null, store });
  const start = async (imports, controllers = []) => {
    class Host {}
    Module({ imports, controllers })(Host);
    const app = await NestFactory.create(Host, { abortOnError: false });
    await app.init();
    await app.close();
    console.log('started');
  };
  (async () => { ${work} })().catch((error) => console.log('ERROR ' + error.message));`;

describe('Two copies of the package in one process', () => {
  const folder = temporaryFolder();
  const other = join(folder.path, 'src');
  beforeAll(() => {
    cpSync(SRC, other, { recursive: true });
    symlinkSync(join(SRC, '..', 'node_modules'), join(folder.path, 'node_modules'));
  });
  afterAll(() => {
    folder.remove();
  });

  const told = async (work: string): Promise<string> => {
    const { stdout, stderr } = await new TypescriptProcess(program(other, work)).ending();
    return stdout + stderr;
  };

  const SENTENCE =
    `2 copies of nestjs-logout are loaded: ${SRC}, ${other}. One does not know the classes and ` +
    'decorators of another. See by "npm ls nestjs-logout" who asks for which, and leave one, with ' +
    '"npm dedupe" or one version for all.';

  it('a store of the other copy is refused for that reason', async () => {
    const lines = await told(`
      const { MemoryRevocationStore: Other } = load('/stores/memory');
      await start([ours.LogoutModule.forRoot(rules(new Other()))]);`);
    expect(lines).toContain(
      'ERROR nestjs-logout: "store" must be a RevocationStore, such as new ' +
        'PostgresRevocationStore(dataSource), got one of another copy of nestjs-logout. ' +
        SENTENCE,
    );
  });

  it.each([
    ['guards', `UseGuards(load('/index').JwtAuthGuard)(Me);`],
    ['decorators', `load('/index').Public()(Me);`],
  ])('%s of the other copy: one line says so, before anything else', async (_, decorate) => {
    const lines = await told(`
      class Me {}
      Controller('me')(Me);
      ${decorate}
      await start([ours.LogoutModule.forRoot(rules(new MemoryRevocationStore()))], [Me]);`);
    expect(lines.split('\n')[0]).toBe(`WARN ${SENTENCE}`);
  });

  it('drop-ins of the other copy find no module, and say why', async () => {
    const lines = await told(`
      const { JwtModule } = load('/nest/jwt');
      const imports = [ours.LogoutModule.forRoot(rules(new MemoryRevocationStore()))];
      await start([...imports, JwtModule.register({ secret: 'any' })]);`);
    expect(lines).toMatch(/ERROR nestjs-logout\/jwt needs LogoutModule, /);
    expect(lines).toContain(`such as AppModule. ${SENTENCE}`);
  });

  it('nothing is said of a single one', async () => {
    const lines = await told(`
      await start([ours.LogoutModule.forRoot(rules(new MemoryRevocationStore()))]);`);
    expect(lines).toBe('started\n');
  });
});
