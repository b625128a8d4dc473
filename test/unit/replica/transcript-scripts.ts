import type { Action, Outcome, Script } from './simulated-world';
import type { Transcript } from './transcript';

/** Everything takes one tick of 5 ms; what is given replaces that. */
function script(runMs: number, actions: readonly Action[], more: Partial<Script> = {}): Script {
  const usual = { delays: [1], reads: ['ok'], announcements: ['ok'], order: [0], maxEntries: 1000 };
  return { ...(usual as Omit<Script, 'actions'>), runMs, actions, ...more };
}

const times = (count: number, outcome: Outcome): Outcome[] =>
  Array.from({ length: count }, () => outcome);

/** A logout elsewhere. */
const logout = (
  at: number,
  lasts: number,
  way: Extract<Action, { kind: 'logout' }>['way'] = 'remote',
): Action => ({ at, kind: 'logout', way, lasts, rings: false, shortLived: false });

export const TRANSCRIPTS: readonly Transcript[] = [
  {
    name: '01-late-commit-with-an-old-number',
    title: 'A late commit with an old number',
    about: `Transaction 100 begins before 101 and commits after it. A catch-up in between sees 101. The next
one finds 100 too: the snapshot before lists it as under way (xip), although it is below xmax.`,
    script: script(200, [logout(8, 14), logout(10, 1)]),
  },
  {
    name: '02-reads-that-fail',
    title: 'Reads that fail',
    about: `One catch-up is cut after its first part, and the next ones fail or hang. What had arrived is kept.
The lease is not renewed and ends by itself. Then the store is asked about token 1.`,
    script: script(560, [logout(8, 1), logout(8, 1), { at: 30, kind: 'request' }], {
      reads: ['ok', 'ok', 'fails halfway', 'fails', 'hangs', ...times(40, 'ok')],
    }),
  },
  {
    name: '03-failover',
    title: 'A failover that loses nothing',
    about: `Transaction 101 is under way when the server is replaced, and is rolled back with it. The cursor is
of no use to the new server: it is dropped with the lease, and everything is loaded again. What was
known is refused all the while.`,
    script: script(260, [
      logout(2, 1),
      logout(14, 10),
      { at: 17, kind: 'restart of the store' },
      logout(18, 1),
    ]),
  },
  {
    name: '04-failover-that-lost-rows',
    title: 'A failover that lost a row',
    about: `The standby lacks the last transaction, against what the bound rests on. The replica keeps what it
knew, so it still refuses token 2. Its number, 101, is given out again, to token 3: only because the
server's identity is compared is that row not taken for one that was read already.`,
    script: script(300, [
      logout(2, 1),
      logout(5, 1),
      { at: 16, kind: 'loss of rows', count: 1 },
      logout(17, 1),
    ]),
  },
  {
    name: '05-clock-set-back',
    title: 'A clock that is set back',
    about: `The reads hang, and meanwhile the time of day is set back by a second. The monotonic clock goes on,
so the lease ends when it would have ended.`,
    script: script(
      300,
      [
        logout(12, 1),
        { at: 14, kind: 'step of the clock', ms: -1000 },
        { at: 31, kind: 'request' },
      ],
      { reads: [...times(2, 'ok'), 'hangs', ...times(40, 'ok')] },
    ),
  },
  {
    name: '06-pause',
    title: 'A process that is paused',
    about: `The process is paused while it holds a lease, and a logout is answered elsewhere meanwhile. No timer
has run. The first check after the pause compares the clocks and finds the lease over.`,
    script: script(420, [
      { at: 9, kind: 'pause', ticks: 40 },
      logout(11, 1),
      { at: 49, kind: 'request' },
    ]),
  },
  {
    name: '07-suspended-machine',
    title: 'A machine that is suspended',
    about: `As before, but the monotonic clock stands still meanwhile. The time of day tells that the lease is
over.`,
    script: script(420, [
      { at: 9, kind: 'suspension', ticks: 40 },
      logout(11, 1),
      { at: 49, kind: 'request' },
    ]),
  },
  {
    name: '08-memory-full',
    title: 'A memory that is full',
    about: `There is room for two revocations, and a third one comes. It is refused, and nothing is evicted. From
then on the store is asked about every token that is not known.`,
    script: script(220, [logout(2, 1), logout(3, 1), logout(13, 1), { at: 30, kind: 'request' }], {
      maxEntries: 2,
    }),
  },
  {
    name: '09-in-doubt',
    title: 'A revocation in doubt',
    about: `The transaction is one of the host's, so its commit is not told to the replica. From before it begins
until the replica knows the row, token 1 is looked up, although there is a lease.`,
    script: script(220, [logout(6, 13, 'in doubt'), { at: 21, kind: 'request' }]),
  },
  {
    name: '10-cluster-wide-logout-and-late-answers',
    title: 'Cluster-wide logouts, and answers that come late',
    about: `The first cluster-wide logout is answered when the instance has announced a snapshot that sees it.
Then reads reach the store 300 ms after they were sent. The second logout is answered after 1.05 times the
longest lease: every lease from before the commit is over by then. When the late answer comes, its
lease is over already, since it counts from before sending.`,
    script: script(
      640,
      [logout(6, 1, 'cluster-wide'), logout(22, 1, 'cluster-wide'), { at: 45, kind: 'request' }],
      {
        reads: [...times(4, 'ok'), 'answers late', ...times(40, 'ok')],
      },
    ),
  },
];
