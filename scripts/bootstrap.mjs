// Installs the dependencies when they are missing or older than package-lock.json. Run before
// `npm start` and `npm test`, so it must itself need nothing but Node. With an argument: those of a
// folder here, such as `bench`.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [, , folder = '.'] = process.argv;
const root = join(dirname(dirname(fileURLToPath(import.meta.url))), folder);

function fail(sentence) {
  console.error(`\nbootstrap: ${sentence}`);
  process.exit(1);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Node 20.19 or newer is needed, this is ${process.versions.node}. See https://nodejs.org/`);
}

const changedAt = (file) => statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs;

function isInstalled() {
  const installed = changedAt('node_modules/.package-lock.json');
  return installed !== undefined && installed >= (changedAt('package-lock.json') ?? 0);
}

/** npm as it called us; by name when this script was started by hand or by another manager. */
function npm() {
  const cli = process.env.npm_execpath ?? '';
  if (basename(cli).startsWith('npm')) return { command: process.execPath, first: [cli] };
  return { command: 'npm', first: [], shell: process.platform === 'win32' };
}

function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function hasWritableHome() {
  try {
    return isWritable(homedir());
  } catch {
    return false; // a user without an entry in the passwd file
  }
}

function install() {
  console.error('bootstrap: installing dependencies (npm ci) …');
  // npm keeps its cache at home; system users such as nobody have none.
  const cache = hasWritableHome() ? undefined : mkdtempSync(join(tmpdir(), 'npm-cache-'));
  const { command, first, shell = false } = npm();
  const flags = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  if (cache !== undefined) flags.push(`--cache=${cache}`);
  // `npm --silent start` would hide why installing failed.
  if (process.env.npm_config_loglevel === 'silent') flags.push('--loglevel=error');
  const run = spawnSync(command, [...first, ...flags], { cwd: root, stdio: 'inherit', shell });
  if (cache !== undefined) rmSync(cache, { recursive: true, force: true });
  return run;
}

requireNode();
if (!isInstalled()) {
  if (!isWritable(root)) fail(`dependencies are to be installed, but ${root} cannot be written.`);
  const { status, signal, error } = install();
  if (status !== 0) {
    const reason = error?.message ?? (signal ? `ended by ${signal}` : `exit code ${status}`);
    fail(`npm ci failed in ${root} (${reason}). It needs the npm registry; npm says more above.`);
  }
}
