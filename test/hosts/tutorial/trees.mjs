import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where README has the host import our module. */
const APP_MODULE = 'src/app.module.ts';

/** The folders of a chapter: as the framework's docs have it, and with our patch. */
export function treesOf(folder, chapter) {
  return { plain: join(folder, chapter), ours: join(folder, `${chapter}-with-logout`) };
}

/**
 * Lays the chapter's files over the scaffold, which leaves them a compiling application. In a copy of
 * it, adds the module as README shows it, and applies the chapter's patch, if there is one.
 * @param base a chapter that this one begins with.
 * @param option one that the module has beside those in README.
 * @param rules what the module has in place of README's rules for tokens.
 * @param imports the lines that these need.
 * @param isEsm whether imports of files must have an extension.
 */
export function composeTrees(folder, chapter, { base = [], ...changes }, isEsm) {
  const { plain, ours } = treesOf(folder, chapter);
  // The chapter's files stand where the application is to stand.
  const chapterFiles = [...base, chapter]
    .map((name) => join(folder, 'chapters', name))
    .filter((source) => existsSync(source));
  for (const source of [join(folder, 'scaffold'), ...chapterFiles])
    cpSync(source, plain, { recursive: true });
  cpSync(plain, ours, { recursive: true });
  const readme = join(folder, 'node_modules/nestjs-logout/README.md');
  addModuleOfReadme(join(ours, APP_MODULE), readme, changes);
  const patch = join(folder, 'chapters', `${chapter}.patch`);
  if (existsSync(patch)) git(ours, ['apply', patch]);
  const e2e = join(folder, 'e2e');
  if (existsSync(e2e)) cpSync(e2e, join(ours, 'test'), { recursive: true });
  if (isEsm) for (const tree of [plain, ours]) addExtensions(tree);
}

/** Adds the imports and the module of the first sample in README, word for word. */
function addModuleOfReadme(appModule, readme, { option = '', rules, imports }) {
  const [, sample] = /^```ts\n([^]*?)^```$/m.exec(readFileSync(readme, 'utf8'));
  const ofReadme = sample.match(/^import .* from 'nestjs-logout.*';$/gm).join('\n');
  const [, module] = /^ {2}imports: \[\n([^]*?)^ {2}\],$/m.exec(sample);
  const rulesOfReadme = /^ {6}algorithms:[^]*(?=^ {6}store:)/m;
  const added =
    rules === undefined
      ? module.replace('forRoot({', () => `forRoot({ ${option}`)
      : module.replace(rulesOfReadme, () => rules);
  const text = readFileSync(appModule, 'utf8').replace('imports: [', () => `imports: [\n${added}`);
  writeFileSync(appModule, [ofReadme, ...(imports ?? []), text].join('\n'));
}

/** The secret that the chapter's login signs with: README has it in `JWT_SECRET`. */
export function secretOf(folder, chapter) {
  const constants = join(treesOf(folder, chapter).plain, 'src/auth/constants.ts');
  return /secret: '(.*)'/.exec(readFileSync(constants, 'utf8'))[1];
}

/**
 * How many lines of `src` differ: `module`, those of the file that imports the module, and `others`.
 */
export function changedLines(folder, chapter) {
  const flags = ['diff', '--no-index', '--numstat', '--no-renames'];
  const rows = git(folder, [...flags, `${chapter}/src`, `${chapter}-with-logout/src`], 1)
    .trimEnd()
    .split('\n')
    .map((row) => row.split('\t'));
  const isPatched = existsSync(join(folder, 'chapters', `${chapter}.patch`));
  assert.equal(rows.length > 1, isPatched, `what changes in ${chapter}: ${rows.join(', ')}`);
  const counts = { module: 0, others: 0 };
  for (const [added, removed, path] of rows) {
    const isModule = path.replaceAll(/[{}]/g, '').endsWith(APP_MODULE);
    counts[isModule ? 'module' : 'others'] += Math.max(Number(added), Number(removed));
  }
  return counts;
}

function addExtensions(tree) {
  const files = readdirSync(tree, { recursive: true }).filter((name) => name.endsWith('.ts'));
  for (const file of files.map((name) => join(tree, name))) {
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replaceAll(/(from '\.[^']*?)(?:\.js)?'/g, "$1.js'"));
  }
}

/** @param ends the exit code that is no failure. */
function git(cwd, parameters, ends = 0) {
  // Not the repository of this file: the folder is none.
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: cwd };
  const { status, stdout, stderr } = spawnSync('git', parameters, { cwd, env, encoding: 'utf8' });
  assert.ok([0, ends].includes(status), `git ${parameters.join(' ')}: ${stderr}`);
  return stdout;
}
