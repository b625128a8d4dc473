import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TemporaryFolder, temporaryFolder } from './temporary-folder';

const ROOT = join(__dirname, '..', '..');

/** Runs Jest with our reporter on suites of these texts. @returns what it wrote, and its status. */
function runJest(folder: TemporaryFolder, ...suites: readonly string[]) {
  suites.forEach((text, n) => {
    writeFileSync(join(folder.path, `suite-${n}.test.js`), text);
  });
  const config = {
    rootDir: folder.path,
    reporters: [join(__dirname, 'progress-reporter.mjs'), 'summary'],
  };
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const { status, stderr } = spawnSync(
    process.execPath,
    [jest, '--config', JSON.stringify(config)],
    {
      cwd: folder.path,
      env: { PATH: process.env.PATH, NO_COLOR: '1' },
      encoding: 'utf8',
    },
  );
  return { status, said: stderr };
}

describe('The progress of a test run', () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    folder.remove();
  });

  it('says how many suites of all are done, how many tests, and how long it took', () => {
    const { status, said } = runJest(
      folder,
      `it('a', () => {}); it('b', () => {});`,
      `it('c', () => {});`,
    );
    expect(said).toMatch(/^2 of 2 suites, 3 tests passed, 0 min \d\d s$/m);
    expect(said).toMatch(/^Tests: +3 passed, 3 total$/m);
    expect(status).toBe(0);
  });

  it('keeps the details of a failure, and what the suite printed', () => {
    const failing = `it('adds up', () => { console.warn('look here'); expect(1 + 1).toBe(3); });`;
    const { status, said } = runJest(folder, failing, `it('c', () => {});`);
    expect(said).toContain('FAIL suite-0.test.js');
    expect(said).toContain('Expected: 3');
    expect(said).toContain('look here');
    expect(said).toMatch(/^2 of 2 suites, 1 tests passed, 1 FAILED, 0 min \d\d s$/m);
    expect(said).toMatch(/^Tests: +1 failed, 1 passed, 2 total$/m);
    expect(status).toBe(1);
  });

  it('tells of a suite that could not run at all', () => {
    const { status, said } = runJest(folder, `require('./nowhere');`);
    expect(said).toContain(`Cannot find module './nowhere'`);
    expect(status).toBe(1);
  });
});
