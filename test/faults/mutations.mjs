/**
 * Shows that the fault suite notices: breaks the code in one place at a time, in a copy of the
 * project, and runs the case that must find it. Ends with an error when one goes unnoticed, or
 * cannot be made because the code has changed.
 *
 * node test/faults/mutations.mjs [part of a name]…
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..', '..');
const COPIED = [
  'src',
  'test',
  'migrations',
  'package.json',
  'tsconfig.json',
  'ormconfig.ts',
  'jest.config.js',
  'jest.faults.config.js',
];

/** What a case says when a token was accepted that must not be: no other failure counts. */
const ACCEPTED = /accepted \d+ ms after|but in the end \S*,?.*accepted/;

const FOLLOWER = 'src/replica/feed-follower.ts';
const LEASE = 'src/replica/lease.ts';
const REPLICA = 'src/replica/replica.ts';
const PROPAGATION = 'src/replica/propagation.ts';
const RELAY_FEED = 'src/relay/relay-feed.ts';
const LOOK_UPS = 'src/stores/postgres/reads/look-ups.ts';
const QUERIES = 'src/stores/postgres/feed/feed-queries.ts';
const FEED = 'src/stores/postgres/feed/feed.postgres.ts';
const CUTOFFS = 'migrations/1795132800003-create-revoked-cutoffs.ts';
const LOG = 'migrations/1795132800007-create-revocation-log.ts';

/**
 * `edits`: file, text, and what comes in its place; each text must be there exactly once.
 * `noticedBy`: spec and title.
 */
const MUTATIONS = [
  {
    name: 't0 is taken after the read',
    edits: [
      [
        FOLLOWER,
        'else this.arrived(cursor, claim, ',
        'else this.arrived(cursor, { readBegan: instantOf(this.time), announced }, ',
      ],
    ],
    noticedBy: ['network', 'brings every answer late'],
  },
  {
    name: '>= is > in the catch-up',
    edits: [[LOG, 'WHERE xid >= since LIMIT most', 'WHERE xid > since LIMIT most']],
    noticedBy: ['commits', 'of 12 writers run into each other'],
  },
  {
    name: 'the xip branch is dropped',
    edits: [[LOG, 'IF cardinality(under_way) > 0 THEN', 'IF false THEN']],
    noticedBy: ['commits', 'commit in another order than they began'],
  },
  {
    name: 'serial numbers instead of snapshots',
    edits: [
      [
        LOG,
        'snapshot := pg_current_snapshot();',
        `snapshot := (SELECT format('%s:%s:', highest, highest) FROM (SELECT coalesce(
          (SELECT xid FROM nestjs_logout.revocation_log ORDER BY xid DESC LIMIT 1)::text::bigint, 2) + 1
        ) AS seen (highest));`,
      ],
    ],
    noticedBy: ['commits', 'commit in another order than they began'],
  },
  {
    name: 'the lease is kept by a timer only',
    edits: [
      [
        LEASE,
        'return this.time.monotonic() < this.endsAtMonotonicMs && this.time.wall() < this.endsAtWallMs;',
        'return this.isHeld;',
      ],
      [
        LEASE,
        '    this.readBegan = readBegan;\n',
        `    this.readBegan = readBegan;
    this.isHeld = true;
    clearTimeout(this.timer);
    const endsAtMs = Math.min(readBegan.monotonicMs + staleMs, announced.monotonicMs + lastsMs);
    this.timer = setTimeout(() => this.drop(), endsAtMs - this.time.monotonic());\n`,
      ],
      [
        LEASE,
        '  drop(): void {\n    this.endsAtWall',
        '  drop(): void {\n    this.isHeld = false;\n    this.endsAtWall',
      ],
      [
        LEASE,
        '  private endsAtWallMs = -Infinity;\n',
        '  private endsAtWallMs = -Infinity;\n  private isHeld = false;\n  private timer?: NodeJS.Timeout;\n',
      ],
    ],
    noticedBy: ['process', 'is stopped for 30 s'],
  },
  {
    name: 'a look-up joins a statement already sent',
    edits: [
      [
        LOOK_UPS,
        'return this.queue.add({ query, clockOffsetMs: this.clock.now() - performance.now() });',
        `const asked = JSON.stringify(query);
    const clockOffsetMs = this.clock.now() - performance.now();
    const sent = this.sent.get(asked) ??
      this.queue.add({ query, clockOffsetMs }).finally(() => this.sent.delete(asked));
    this.sent.set(asked, sent);
    return sent;`,
      ],
      [
        LOOK_UPS,
        '  private readonly queue: BatchQueue<LookUp, boolean>;\n',
        '  private readonly queue: BatchQueue<LookUp, boolean>;\n  private readonly sent = new Map<string, Promise<boolean>>();\n',
      ],
    ],
    noticedBy: ['look-up', 'the next request with it is refused'],
  },
  {
    name: 'memory forgets by the clock of the instance',
    edits: [[FOLLOWER, 'const now = clock.lastStoreTime;', 'const now: Date | null = new Date();']],
    noticedBy: ['clock', 'is set two hours forward and back'],
  },
  {
    name: 'an error allows',
    edits: [
      [
        REPLICA,
        'await this.direct.isRevoked(query)',
        'await Promise.resolve(this.direct.isRevoked(query)).catch(() => false)',
      ],
    ],
    noticedBy: ['network', 'swallows its reads'],
  },
  // Beyond the list: what else the proof rests on.
  {
    name: 'a catch-up waits for the oldest writer',
    edits: [
      [
        QUERIES,
        "(${quoteText(xmax)}, ${quoteText(`{${underWay.join(',')}}`)}",
        "(${quoteText(snapshot.split(':')[0] ?? '')}, '{}'",
      ],
      [
        LOG,
        'WHERE xid >= since LIMIT most',
        'WHERE xid >= since AND xid < pg_snapshot_xmin(pg_current_snapshot()) LIMIT most',
      ],
    ],
    noticedBy: ['commits', 'of another database stay open'],
  },
  {
    name: 'a long read is taken for done after its first page',
    edits: [[FEED, 'while (rows.length === FRAMES_PER_PAGE)', 'while (false)']],
    noticedBy: ['load', 'revokes a million tokens at once'],
  },
  {
    name: 'a catch-up reads on from a log that was trimmed',
    edits: [[FEED, '(trimmed === null || seesAllOf(then.snapshot, trimmed))', 'true']],
    noticedBy: ['trimming', 'while the process of an instance was stopped'],
  },
  {
    name: 'the log is trimmed by numbers, as by age',
    edits: [[LOG, 'AND pg_visible_in_snapshot(xid, old.snapshot)', '']],
    noticedBy: ['trimming', 'right after the end of a transaction'],
  },
  {
    name: 'the trigger of the log is passed over in some sessions',
    edits: [['migrations/owned-objects.ts', 'ENABLE ALWAYS TRIGGER', 'ENABLE TRIGGER']],
    noticedBy: ['commits', 'that run no ordinary triggers'],
  },
  {
    name: 'a standby is asked about tokens',
    edits: [[CUTOFFS, 'IF pg_is_in_recovery() THEN', 'IF false THEN']],
    noticedBy: ['other-server', 'it is refused as a source'],
  },
  {
    name: 'another server is taken for the same',
    edits: [
      [
        FEED,
        'cursor.server === then.server &&\n  xmaxOf(cursor.snapshot) >= xmaxOf(then.snapshot) &&',
        '',
      ],
    ],
    noticedBy: ['other-server', 'lower numbers or not'],
  },
  {
    name: 'a new load replaces what memory knows',
    edits: [
      [
        FOLLOWER,
        '  private resetCursor(): void {\n',
        '  private resetCursor(): void {\n    this.followed.known.forget(new Date(8.64e15));\n',
      ],
    ],
    noticedBy: ['other-server', 'promoted with rows missing'],
  },
  {
    name: 'a full memory answers nevertheless',
    edits: [
      [REPLICA, 'this.lease.isValid && !this.revocations.isFull', 'this.lease.isValid'],
      [FOLLOWER, 'if (this.hasGaps) lease.drop();\n    else ', ''],
    ],
    noticedBy: ['load', 'nothing is forgotten'],
  },
  {
    name: 'a cluster-wide logout does not wait',
    edits: [[PROPAGATION, 'await this.feed.waitForCluster', 'void this.feed.waitForCluster']],
    noticedBy: ['cluster-logout', 'while one instance hears no bell'],
  },
  {
    name: 'memory outlives the announcement of its instance',
    edits: [
      [LEASE, 'export const ANNOUNCEMENT_LASTS = 5;', 'export const ANNOUNCEMENT_LASTS = 5_000;'],
    ],
    noticedBy: ['cluster-logout', 'while no instance can announce itself, or ring'],
  },
  {
    name: 'an instance learns of its own logouts from the feed alone',
    edits: [[PROPAGATION, 'this.replica?.learn(revocation);', '']],
    noticedBy: ['cluster-logout', 'while one instance hears no bell'],
  },
  {
    name: 'behind a broker, a lease by a read that succeeded',
    edits: [[RELAY_FEED, ', completeUntil: this.completeUntil }', ' }']],
    noticedBy: ['relay', 'Behind Redis .* stands still for ten bounds'],
  },
];

function copyProject() {
  const copy = mkdtempSync(join(tmpdir(), 'nestjs-logout-mutation-'));
  for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** @returns why it cannot be made, or nothing. */
function mutate(copy, edits) {
  for (const [file, text, replacement] of edits) {
    const path = join(copy, file);
    const before = readFileSync(path, 'utf8');
    const count = before.split(text).length - 1;
    if (count !== 1) return `${file} has ${count} times, not once: ${text}`;
    writeFileSync(
      path,
      before.replace(text, () => replacement),
    );
  }
  return undefined;
}

/** @returns what the case said, or `undefined` where it did not run at all. */
function runCase(copy, [spec, title]) {
  const jest = join(copy, 'node_modules', 'jest', 'bin', 'jest.js');
  const result = join(copy, 'result.json');
  const where = ['-c', 'jest.faults.config.js', '--testPathPatterns', `faults/${spec}\\.spec`];
  const what = ['-t', title, '--json', '--outputFile', result];
  spawnSync(process.execPath, [jest, ...where, ...what], { cwd: copy, stdio: 'ignore' });
  try {
    const { testResults } = JSON.parse(readFileSync(result, 'utf8'));
    const assertions = testResults.flatMap(({ assertionResults }) => assertionResults);
    const ran = assertions.filter(({ status }) => status === 'passed' || status === 'failed');
    if (ran.length === 0) return testResults.map(({ message }) => message).join('\n');
    return ran.flatMap(({ failureMessages }) => failureMessages).join('\n');
  } catch (error) {
    return String(error);
  }
}

/** @returns how it went, in words that begin with "noticed" where all is well. */
function verdictOf({ edits, noticedBy }) {
  const copy = copyProject();
  try {
    const obstacle = mutate(copy, edits);
    if (obstacle !== undefined) return `NOT MADE: ${obstacle}`;
    const said = runCase(copy, noticedBy);
    const sign = ACCEPTED.exec(said)?.[0];
    if (sign !== undefined) return `noticed: "${sign}"`;
    return said === '' ? 'SURVIVED' : `FAILED OTHERWISE: ${said.slice(0, 1500)}`;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2);
const chosen = MUTATIONS.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);
let unnoticed = 0;
for (const mutation of chosen) {
  const verdict = verdictOf(mutation);
  if (!verdict.startsWith('noticed')) unnoticed += 1;
  console.log(`${mutation.name} (${mutation.noticedBy.join(': ')}): ${verdict}`);
}
console.log(`${chosen.length - unnoticed} of ${chosen.length} mutations noticed`);
process.exitCode = unnoticed === 0 && chosen.length > 0 ? 0 : 1;
