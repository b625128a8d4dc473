// Proves that the package drops into applications that are not ours: packs it as it would be
// published, installs that tarball into copies of the hosts beside this file, far from this
// repository, and lets each show what it promises. Prints one line for each proof.
//
//   npm run test:hosts                       builds first, then all of them
//   node test/hosts/run.mjs nest12-fastify   one of them, of what is built
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Databases } from './harness/databases.mjs';
import { Host } from './harness/host.mjs';
import { killAll } from './harness/processes.mjs';
import { Report } from './harness/report.mjs';
import { assertOneCopyEach, InstallFolder } from './harness/install-folder.mjs';

const NAMES = [
  'nest11-cjs',
  'nest12-esm',
  'nest12-fastify',
  'express',
  'fastify',
  'redis',
  'own-guards-nest11',
  'own-guards-nest12',
  'contexts-nest11',
  'contexts-nest12',
  'express-jwt',
  'tutorial-nest11',
  'tutorial-nest12',
  'issuers',
  'cases',
];

/** They wait most of their time: for the next second of a clock, for a lease to end. */
const APPS_AT_ONCE = 3;

const report = new Report();
const installFolder = new InstallFolder();
let databases;

async function proveHost(name) {
  const { title, packages, shared, proofs, apps = [] } = await import(`./${name}/proofs.mjs`);
  let folder;
  const isInstalled = await report.proof(
    `${title}: installs the tarball without a conflict of peers or a second copy of them`,
    async () => {
      folder = await installFolder.install(name, shared);
      const entry = createRequire(join(folder, 'package.json')).resolve('nestjs-logout');
      assert.ok(entry.startsWith(join(folder, 'node_modules')), `we were resolved to ${entry}`);
      assertOneCopyEach(folder, ['nestjs-logout', ...packages]);
    },
  );
  const promises = titled(title, proofs);
  if (!isInstalled) {
    const names = [...promises, ...apps.flatMap((app) => proofsOf(title, app))];
    report.notTried(
      names.map(([promise]) => promise),
      'not tried: its install failed',
    );
    return;
  }
  const host = new Host(folder, databases);
  for (const [promise, prove] of promises) await report.proof(promise, () => prove(host));
  const waiting = [...apps];
  const proveNext = async () => {
    for (let app = waiting.shift(); app !== undefined; app = waiting.shift())
      await proveApp(title, app, host);
  };
  await Promise.all(Array.from({ length: APPS_AT_ONCE }, proveNext));
}

/** Proves several things of one started application: it is started once for all of them. */
async function proveApp(title, app, host) {
  const untried = proofsOf(title, app);
  await report.proof(`${title}: ${app.name}: starts, and stops when it is asked to`, () =>
    app.serve(host, async (...props) => {
      for (let proof = untried.shift(); proof !== undefined; proof = untried.shift()) {
        const [promise, prove] = proof;
        await report.proof(promise, () => prove(...props));
      }
    }),
  );
  report.notTried(
    untried.map(([promise]) => promise),
    'not tried: it did not start',
  );
}

const proofsOf = (title, { name, proofs }) => titled(`${title}: ${name}`, proofs);

const titled = (title, proofs) =>
  Object.entries(proofs).map(([promise, prove]) => [`${title}: ${promise}`, prove]);

async function proveAll(names) {
  const isPrepared = await report.proof(
    'the package packs, and a database server starts',
    async () => {
      const files = await installFolder.pack();
      assert.ok(files.includes('dist/src/index.js'), 'dist is not built: npm run build');
      const maps = files.filter((file) => file.endsWith('.map'));
      assert.deepEqual(maps, [], 'source maps, whose sources are not packed');
      databases = await Databases.start(join(installFolder.path, 'postgres'));
    },
  );
  if (!isPrepared) return;
  for (const name of names) await proveHost(name);
}

async function cleanUp() {
  killAll();
  await databases?.stop();
  installFolder.close();
}

for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }))
  process.once(signal, () => void cleanUp().finally(() => process.exit(code)));

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !NAMES.includes(name));
if (unknown !== undefined)
  throw new Error(`no such host: ${unknown}; there are ${NAMES.join(', ')}`);
try {
  await proveAll(wanted.length === 0 ? NAMES : wanted);
} finally {
  await cleanUp();
}
console.log(report.summary());
process.exitCode = report.failed === 0 ? 0 : 1;
