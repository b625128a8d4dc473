import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = join(__dirname, '..', '..');

/**
 * The folder whose `dist` holds the project as `npm run build` makes it. TEST_BUILD names one that
 * was built before, as in CI. Elsewhere the first suite that asks compiles the project, once for
 * the whole run, into the folder that the global set-up made; the others wait for it. The `dist` of
 * the project itself is not touched.
 *
 * @throws {Error} it does not compile. Types are the type check's matter, not looked at here.
 */
export async function builtProject(): Promise<string> {
  const { TEST_BUILD: built, TEST_BUILD_FOLDER: folder } = process.env;
  if (built !== undefined) return built;
  if (folder === undefined)
    throw new Error('TEST_BUILD_FOLDER is not set: run the tests through Jest.');
  const outcome = join(folder, 'outcome');
  if (isFirst(folder)) {
    writeFileSync(`${outcome}.new`, compile(folder));
    renameSync(`${outcome}.new`, outcome);
  }
  while (!existsSync(outcome)) await sleep(50);
  const complaint = readFileSync(outcome, 'utf8');
  if (complaint !== '') throw new Error(`The project does not compile:\n${complaint}`);
  return folder;
}

/** Only one process can make a folder. */
function isFirst(folder: string): boolean {
  try {
    mkdirSync(join(folder, 'begun'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns what the compiler complains of; nothing where all is well. */
function compile(folder: string): string {
  const options = {
    project: 'tsconfig.build.json',
    outDir: join(folder, 'dist'),
    noCheck: 'true',
    declaration: 'false',
    sourceMap: 'false',
    // What was built before is of another folder.
    incremental: 'false',
    tsBuildInfoFile: 'null',
  };
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const client = { project: 'src/client', outDir: join(folder, 'dist', 'src', 'client') };
  const [own, ofClient] = [options, client].map((each) => {
    const flags = Object.entries(each).flatMap(([name, value]) => [`--${name}`, value]);
    return spawnSync(process.execPath, [compiler, ...flags], { cwd: ROOT, encoding: 'utf8' });
  });
  for (const name of ['node_modules', 'package.json'])
    symlinkSync(join(ROOT, name), join(folder, name));
  return [own, ofClient].map((each) => (each?.status === 0 ? '' : each?.stdout)).join('');
}
