/**
 * Lets spin search every state of lease.pml. The right model must hold in each of its sizes, with
 * nothing left unsearched, and spin must refute each mutant. Needs `spin` and `gcc`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODEL = fileURLToPath(new URL('lease.pml', import.meta.url));
const MEMORY_MB = 3000;
const MAX_DEPTH = 100_000;
const TIME_LIMIT_MS = 600_000;

const SMALL = ['INSTANCES=1', 'ROWS=2', 'FAILOVERS=1', 'DELTA=2'];
const PAIR = ['INSTANCES=2', 'ROWS=2', 'FAILOVERS=1', 'DELTA=2'];
const LONG = ['INSTANCES=1', 'ROWS=3', 'FAILOVERS=2', 'DELTA=3'];

const LOSSY = ['INSTANCES=1', 'ROWS=3', 'FAILOVERS=2', 'DELTA=2'];
const CLUSTER = ['INSTANCES=1', 'ROWS=2', 'FAILOVERS=1', 'DELTA=1', 'CLUSTER'];
const CLUSTER_LONG = ['INSTANCES=1', 'ROWS=2', 'FAILOVERS=0', 'DELTA=2', 'CLUSTER'];

const TRIMMED = [...SMALL, 'TRIM'];
const TRIMMED_LONG = ['INSTANCES=1', 'ROWS=3', 'FAILOVERS=0', 'DELTA=1', 'TRIM'];

const holds = (name, ...macros) => ({ name, macros, expected: 'holds' });
const refuted = (name, ...macros) => ({ name, macros, expected: 'refuted' });

const CHECKS = [
  holds('two instances', ...PAIR),
  holds('three rows, two failovers', ...LONG),
  holds('failovers that lose rows', ...LOSSY, 'LOSES_ROWS'),
  holds('the lease kept after a failover, the cursor dropped', ...SMALL, 'KEEP_LEASE'),
  refuted('no token is allowed after its logout (must be false)', ...SMALL, 'WITNESS'),
  refuted('the lease dated from the answer', ...SMALL, 'LEASE_FROM_ANSWER'),
  refuted('xip ignored in the catch-up', ...SMALL, 'IGNORE_XIP'),
  refuted('another server not noticed', ...SMALL, 'IGNORE_SERVER'),
  refuted('a load that forgets', ...SMALL, 'FORGET_ON_RELOAD'),
  refuted(
    'a load that forgets what was lost',
    ...SMALL,
    'FORGET_ON_RELOAD',
    'ELSEWHERE',
    'LOSES_ROWS',
  ),
  holds('the same, where nothing is lost', ...SMALL, 'FORGET_ON_RELOAD', 'ELSEWHERE'),
  refuted('a pause unnoticed: the lease ended by a timer', ...SMALL, 'LEASE_BY_TIMER'),
  holds('the same, where no process is paused', ...SMALL, 'LEASE_BY_TIMER', 'NO_PAUSE'),
  refuted('a token allowed when its look-up fails', ...SMALL, 'ALLOW_ON_ERROR'),
  refuted('a look-up joined after it was served', ...SMALL, 'JOIN_LOOK_UP'),
  refuted('the cursor kept before the last row', ...SMALL, 'CURSOR_BEFORE_ROWS'),
  refuted('one clock alone, set back', ...SMALL, 'SET_BACK'),
  holds('a log that is trimmed', ...TRIMMED),
  holds('a log that is trimmed, three rows, no failover', ...TRIMMED_LONG),
  refuted('a catch-up from a log that was trimmed since', ...TRIMMED, 'IGNORE_TRIMMED'),
  refuted('a log that is trimmed by numbers, as by age', ...TRIMMED, 'TRIM_BY_NUMBER'),
  holds('cluster-wide logouts', ...CLUSTER),
  holds('cluster-wide logouts, a longer lease, no failover', ...CLUSTER_LONG),
  refuted('announced after the read was sent', ...CLUSTER, 'ANNOUNCED_AFTER_READ'),
  refuted('what was announced to another server', ...CLUSTER, 'ANY_SERVER'),
  refuted('a lease without an announcement', ...CLUSTER, 'NO_DEADLINE'),
  refuted('a failover that takes back old renewals', ...CLUSTER, 'ANY_LOSS'),
];

requireTool('spin', '-V');
requireTool('gcc', '--version');

let passed = 0;
for (const check of CHECKS) if (report(check)) passed += 1;
console.log(`${passed} passed, ${CHECKS.length - passed} failed`);
process.exitCode = passed === CHECKS.length ? 0 : 1;

function requireTool(tool, versionOption) {
  if (spawnSync(tool, [versionOption]).error === undefined) return;
  console.error(`THE MODEL OF THE LEASE WAS NOT CHECKED: "${tool}" is missing.`);
  console.error('On Debian or Ubuntu: apt-get install spin gcc. Elsewhere: https://spinroot.com');
  console.log(`0 passed, ${CHECKS.length} failed`);
  process.exit(1);
}

/** Prints one line. @returns whether spin found what was expected. */
function report({ name, macros, expected }) {
  const startedAt = performance.now();
  const { verdict, states, output } = search(macros);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const isRight = verdict === expected;
  const found = isRight ? verdict : `${verdict}, but should be: ${expected}`;
  console.log(
    `${isRight ? 'ok    ' : 'FAILED'} ${name}: ${found} (${states} states, ${seconds} s)` +
      ` [${macros.join(' ')}]`,
  );
  if (!isRight) console.log(output);
  return isRight;
}

/** Translates, compiles and runs the search in a folder of its own. */
function search(macros) {
  const folder = mkdtempSync(join(tmpdir(), 'lease-model-'));
  try {
    const defines = macros.map((macro) => `-D${macro}`);
    const isSmall = SMALL.every((macro) => macros.includes(macro)); // the compiler takes longer
    const limits = [`-DMEMLIM=${MEMORY_MB}`, '-DSAFETY'];
    const steps = [
      ['spin', '-a', ...defines, MODEL],
      ['gcc', '-w', isSmall ? '-O0' : '-O2', ...limits, '-o', 'pan', 'pan.c'],
      [join(folder, 'pan'), `-m${MAX_DEPTH}`],
    ];
    let output = '';
    for (const [command, ...args] of steps) {
      const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
        cwd: folder,
        encoding: 'utf8',
        timeout: TIME_LIMIT_MS,
      });
      output = [stdout, stderr, error?.message].filter(Boolean).join('\n');
      if (status !== 0) return { verdict: `${command}: ${signal ?? status}`, states: 0, output };
    }
    return { ...verdictIn(output), output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What pan says in so many words; what it does not say is never taken for a success. */
function verdictIn(output) {
  const states = Number(/^\s*(\d+) states, stored/m.exec(output)?.[1] ?? 0);
  const errors = /errors: (\d+)/.exec(output)?.[1];
  const isCut = /max search depth too small|out of memory|Search not completed/i.test(output);
  if (errors === '1' && /assertion violated/.test(output)) return { verdict: 'refuted', states };
  if (errors !== '0') return { verdict: `${errors ?? 'unknown'} errors`, states };
  if (isCut || states === 0) return { verdict: 'not searched to the end', states };
  return { verdict: 'holds', states };
}
