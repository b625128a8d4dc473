/*
 * The lease of a replica, as docs/lease.md describes it. `node test/model/check.mjs` lets
 * spin search every reachable state, and checks that each mutant below is found.
 *
 * WHAT IS MODELLED
 *
 * Store. Each row is a logout, inserted by a transaction of its own, and its frame in the log with
 * it; a transaction of more rows ends as one of one row does. A transaction takes the next
 * number when it begins. It commits or rolls back at any later time, so that transactions end out
 * of the order of their numbers. A snapshot is what pg_current_snapshot() tells: xmax is one more
 * than the last number that has ended, xip holds the numbers below it that are under way.
 *
 * Logout. The 200 is sent at any time after the commit. Where an instance of the model sends it,
 * this instance learns the row first. Otherwise a process outside the model sends it.
 *
 * Replica. It notes t0, sends one read at a time, applies the rows one by one in any order, and
 * then keeps the snapshot and lets the lease end at t0 + DELTA. The first read, and the first one
 * after the server has changed, loads everything and is merged with what is known.
 *
 * Failover. The server's identity changes. Each transaction under way is rolled back, or it is
 * committed and its answer is lost. Numbers that no committed transaction has may be given out
 * again. Without LOSES_ROWS no committed row is lost: the standby is synchronous.
 *
 * Faults. A read may fail at any moment, also when some of its rows are applied, and it may be
 * answered as late as you like. A process may be paused at any point for any time: no step has to
 * happen, and the clock may go on before each step. A look-up may fail.
 *
 * Time is discrete. It is kept in ages that stop at DELTA and in what is left of a lease, never
 * as a date, so the number of states is finite although runs are not bounded.
 *
 * TRIM: upkeep. At any time the snapshot of that moment is noted, and at any time later the frames
 * that are visible in the noted one are deleted from the log. How long lies between has no part in
 * the model, since it may be any time. A catch-up whose cursor does not see all of the snapshot by
 * which the log was trimmed is refused, and a load follows. A load reads the table, in which every
 * row stays. Without TRIM the log is never trimmed.
 *
 * WHAT IS CLAIMED, as assertions
 *
 * 1. When an instance allows a token from memory, less than DELTA has passed since the 200 of its
 *    logout. This is at the moment of the decision, hence also for requests that began earlier.
 * 2. When an instance allows a token because the store does not know it, the request began before
 *    the 200.
 * 3. What an instance has known once it never allows from memory. Two promises rest on it. A
 *    logout holds at once in the instance that answered it. And after a failover that lost rows
 *    (LOSES_ROWS), the instances that knew a lost row still refuse it. The row is then gone from
 *    the store, so for other instances nothing is claimed about it, and 1 and 2 leave it out.
 *
 * CLUSTER: cluster-wide logouts (logoutWaits: 'cluster'). Claim 1 then says: after the 200 no instance allows the
 * token from memory at all. The instance announces in its row of replica_instances which snapshot
 * it has applied, beside its reads. Its lease also ends LASTS after the last announcement that had
 * succeeded before the read was sent. The logout is answered once the row has seen its transaction,
 * or DELTA has passed since the commit, or there is no row that is younger than DEAD. Here every
 * logout is cluster-wide, and there is one instance to wait for: with more, each wait is one of
 * these. LASTS and DEAD are 2 and 4 DELTA. The code has 5 and 10, the same proportion. The margin of 5 %
 * is not needed here, for all have one clock. After a failover the row exists, but says nothing
 * that counts; and it is older by up to DEAD - LASTS, because renewals do not wait for the standby.
 *
 * WHAT IS LEFT OUT
 *
 * The doorbell: a read may begin at any time, so a ring adds nothing. When an instance announces
 * itself: it may at any time. Expiry and purging: rows
 * stay. A memory that is full and a token in doubt: both lead to a look-up, and here a look-up is
 * allowed at any time, with a lease or without. The second clock: the lease ends when the first of
 * the two clocks says so, and a lease that ends early only leads to a look-up. So one clock that
 * goes on is enough for the model, as long as the other one can never lengthen the lease (compare
 * the mutant SET_BACK). A read that reaches a standby fails, like any other. There is one primary
 * at a time.
 *
 * BOUNDS, each set by a macro: INSTANCES (1 or 2), ROWS (1 to 3), FAILOVERS, DELTA in ticks.
 *
 * MUTANTS, each selected by its macro
 *
 * LEASE_FROM_ANSWER   The lease is dated from the answer instead of from before sending.
 * IGNORE_XIP          A catch-up reads xid >= xmax only.
 * IGNORE_SERVER       The server's identity is not compared: cursor and lease outlive a failover.
 *                     A number that had been rolled back is given out again, and the cursor counts
 *                     it as read.
 * FORGET_ON_RELOAD    A load replaces what is known. It breaks claim 3 in two ways: a logout that
 *                     this instance answers while the load is under way is forgotten; and so is a
 *                     row that a failover lost. With ELSEWHERE no instance of the model answers
 *                     logouts, which leaves the second way alone.
 * LEASE_BY_TIMER      A timer clears a flag when the lease ends, and a check looks at the flag. The
 *                     timer is exact while the process runs. After a pause a check may come first.
 *                     With NO_PAUSE nothing is wrong.
 * ALLOW_ON_ERROR      A look-up that fails allows the token.
 * JOIN_LOOK_UP        A request takes the answer of a look-up that was served before it came.
 * CURSOR_BEFORE_ROWS  Cursor and lease are taken before the last row is applied.
 * SET_BACK            The lease is judged by one clock, and that clock is set back.
 * With TRIM:
 * IGNORE_TRIMMED      A catch-up does not look by what the log was trimmed.
 * TRIM_BY_NUMBER      Frames below the xmax of the noted snapshot are deleted, as by their age: that
 *                     of a transaction that was under way then goes before it could be read.
 * With CLUSTER:
 * ANNOUNCED_AFTER_READ  An announcement counts that had not succeeded when the read was sent.
 * ANY_SERVER          A row that was announced to another server is believed.
 * NO_DEADLINE         The lease does not end with its announcement.
 * ANY_LOSS            A failover takes back renewals of any age. Then the row may look dead while
 *                     the lease lasts. The code does nothing against this: it is an assumption.
 *
 * No mutant is KEEP_LEASE: the cursor is dropped after a failover, but the lease lasts until its
 * end. The three claims hold nevertheless, and check.mjs checks that they do.
 * WITNESS asserts what is false of the right model, that no token is allowed after its 200 for as
 * long as DELTA - 1. Spin must refute it: the lease is in use up to its last tick.
 */

#ifndef INSTANCES
#define INSTANCES 2
#endif
#ifndef ROWS
#define ROWS 2
#endif
#ifndef FAILOVERS
#define FAILOVERS 1
#endif
#ifndef DELTA
#define DELTA 2
#endif

#ifdef CLUSTER
#define BOUND 0
#define LASTS (2 * DELTA) /* of an announcement, for the instance that made it */
#define DEAD (4 * DELTA)  /* a row this old is not waited for */
#ifdef ANY_LOSS
#define LOSS DEAD
#else
#define LOSS (DEAD - LASTS)
#endif
#else
#define BOUND DELTA
#endif

#define BIT(n) (1 << (n))

/* ---- The store ---- */

#define NOT_BEGUN 0
#define OPEN 1
#define COMMITTED 2
#define GONE 3 /* rolled back, or lost by a failover */

#define NEVER 255

byte server = 1;  /* its identity */
byte nextXid;
byte xmax;        /* of a snapshot taken now */
byte state[ROWS]; /* of the transaction that inserts the row */
byte xid[ROWS];
byte since200[ROWS] = NEVER; /* how long ago the logout was answered; DELTA: as long or longer */

#ifdef CLUSTER
byte sinceCommit[ROWS]; /* DELTA: as long or longer */
#endif

byte r; /* counts rows; 0 between steps */

typedef Snapshot {
  byte server; /* 0: there is no snapshot */
  byte xmax;
  byte xip     /* a bit for each number */
};

#ifdef IGNORE_XIP
#define UNSEEN(snapshot, x) (xid[x] >= snapshot.xmax)
#else
#define UNSEEN(snapshot, x) (xid[x] >= snapshot.xmax || (snapshot.xip & BIT(xid[x])))
#endif

#ifdef TRIM
byte deleted;     /* a bit for each row whose frame is in the log no more */
Snapshot noted;   /* by upkeep */
Snapshot trimmed; /* what is visible in it may be deleted; of another server it says nothing */
#define IS_IN_LOG(x) (!(deleted & BIT(x)))
#else
#define IS_IN_LOG(x) true
#endif

/* Without a snapshot everything is read. */
#define IS_NEW(snapshot, x) (snapshot.server == 0 || UNSEEN(snapshot, x) && IS_IN_LOG(x))

#define SEEN(snapshot) ((BIT(snapshot.xmax) - 1) & (255 - snapshot.xip)) /* a bit for each number */
#if defined(TRIM) && !defined(IGNORE_TRIMMED)
#define IS_KEPT(snapshot) (trimmed.server != server || !(SEEN(trimmed) & (255 - SEEN(snapshot))))
#else
#define IS_KEPT(snapshot) true
#endif

#ifdef IGNORE_SERVER
#define IS_OF_USE(snapshot) (xmax >= snapshot.xmax)
#else
#define IS_OF_USE(snapshot) (server == snapshot.server && xmax >= snapshot.xmax && IS_KEPT(snapshot))
#endif

/* ---- The instances ---- */

#define IDLE 0
#define SENT 1
#define FOUND 2        /* the store has served it; the answer may arrive at any time */
#define OF_NO_USE 3    /* the store has found that the cursor is */

typedef Replica {
  byte known;     /* a bit for each row */
  byte lease;     /* how much of it is left */
  Snapshot cursor;
  byte read;
  byte age;       /* of the read, since its t0 */
  byte rows;      /* that the read has found and that are not applied yet */
  Snapshot found; /* the snapshot of the read */
#ifdef CLUSTER
  byte announced;        /* how long ago the last announcement that counts was sent */
  byte announcedAtRead;  /* the same, of what had succeeded when the read was sent */
  byte announcing;       /* IDLE, SENT or FOUND: the store has it */
  byte announcingAge;
  bool isDropped;        /* it does not count any more */
  Snapshot announcement;
  Snapshot row;          /* in the table replica_instances: what it says, and how old it is */
  byte rowAge;           /* DEAD: the same as no row */
#endif
#ifdef FORGET_ON_RELOAD
  byte everKnown; /* without this mutant it is always the same as `known` */
  byte loaded;
#endif
#ifdef LEASE_BY_TIMER
  bool flag;
  bool paused
#endif
};
Replica replica[INSTANCES];

#define KNOWS(i, x) (replica[i].known & BIT(x))

#ifdef LEASE_BY_TIMER
#define RUNS(i) (!replica[i].paused)
#define MAY_ANSWER(i) replica[i].flag
#else
#define RUNS(i) true
#define MAY_ANSWER(i) (replica[i].lease > 0)
#endif

inline learn(i, x) {
  replica[i].known = replica[i].known | BIT(x);
#ifdef FORGET_ON_RELOAD
  replica[i].everKnown = replica[i].everKnown | BIT(x);
#endif
}

inline clear(snapshot) {
  snapshot.server = 0;
  snapshot.xmax = 0;
  snapshot.xip = 0;
}

inline endRead(i) {
  replica[i].read = IDLE;
  replica[i].age = 0;
  replica[i].rows = 0;
  clear(replica[i].found);
#ifdef CLUSTER
  replica[i].announcedAtRead = 0;
#endif
#ifdef FORGET_ON_RELOAD
  replica[i].loaded = 0;
#endif
}

inline beginRead(i) {
  replica[i].read = SENT;
#ifdef CLUSTER
  replica[i].announcedAtRead = replica[i].announced;
#endif
}

/* The store takes a snapshot, and finds what the cursor's snapshot did not see. */
inline serve(i) {
  if
  :: replica[i].cursor.server != 0 && !IS_OF_USE(replica[i].cursor) ->
    replica[i].read = OF_NO_USE
  :: else ->
    replica[i].read = FOUND;
    replica[i].found.server = server;
    replica[i].found.xmax = xmax;
    for (r : 0 .. ROWS - 1) {
      if
      :: state[r] == OPEN && xid[r] < xmax ->
        replica[i].found.xip = replica[i].found.xip | BIT(xid[r])
      :: state[r] == COMMITTED && IS_NEW(replica[i].cursor, r) ->
        replica[i].rows = replica[i].rows | BIT(r)
      :: else
      fi
    }
#ifdef FORGET_ON_RELOAD
    replica[i].loaded = replica[i].rows;
#endif
  fi;
  r = 0;
}

inline applyOne(i) {
  if
  :: replica[i].rows & 1 -> r = 0
  :: replica[i].rows & 2 -> r = 1
  :: replica[i].rows & 4 -> r = 2
  fi;
  learn(i, r);
  replica[i].rows = replica[i].rows & (255 - BIT(r));
  r = 0;
}

/* Everything is applied: keep the snapshot, take the lease. */
inline finish(i) {
#ifdef FORGET_ON_RELOAD
  if
  :: replica[i].cursor.server == 0 -> replica[i].known = replica[i].loaded
  :: else
  fi;
#endif
  replica[i].cursor.server = replica[i].found.server;
  replica[i].cursor.xmax = replica[i].found.xmax;
  replica[i].cursor.xip = replica[i].found.xip;
#ifdef LEASE_FROM_ANSWER
  replica[i].lease = DELTA;
#else
  replica[i].lease = DELTA - replica[i].age;
#endif
#ifdef CLUSTER
#ifdef ANNOUNCED_AFTER_READ
  replica[i].announcedAtRead = replica[i].announced;
#endif
  if
  :: LASTS - replica[i].announcedAtRead < replica[i].lease ->
    replica[i].lease = LASTS - replica[i].announcedAtRead
  :: else
  fi;
#endif
#ifdef LEASE_BY_TIMER
  replica[i].flag = (replica[i].lease > 0);
#endif
  endRead(i);
}

/* The next read loads everything. What is known is kept. What was announced counts no more. */
inline dropCursor(i) {
  clear(replica[i].cursor);
#ifdef CLUSTER
  replica[i].announced = LASTS;
  replica[i].isDropped = (replica[i].announcing != IDLE);
#endif
#ifndef KEEP_LEASE
  replica[i].lease = 0;
#ifdef LEASE_BY_TIMER
  replica[i].flag = false;
#endif
#endif
  endRead(i);
}

/* This instant an instance may allow every token that it does not know: claims 1 and 3. */
inline allowFromMemory(i) {
  for (r : 0 .. ROWS - 1) {
    if
    :: KNOWS(i, r)
    :: else ->
      assert(since200[r] == NEVER || since200[r] < BOUND);
#ifdef FORGET_ON_RELOAD
      assert(!(replica[i].everKnown & BIT(r)));
#endif
#ifdef WITNESS
      assert(since200[r] == NEVER || since200[r] < DELTA - 1);
#endif
    fi
  }
  r = 0;
}

#ifdef CURSOR_BEFORE_ROWS
#define IS_COMPLETE(i) true
#else
#define IS_COMPLETE(i) (replica[i].rows == 0)
#endif

inline copy(snapshot, from) {
  snapshot.server = from.server;
  snapshot.xmax = from.xmax;
  snapshot.xip = from.xip;
}

#ifdef TRIM
#ifdef TRIM_BY_NUMBER
#define IS_OLD(x) (xid[x] < trimmed.xmax)
#else
#define IS_OLD(x) (SEEN(trimmed) & BIT(xid[x]))
#endif

proctype Upkeep() {
  do
  :: d_step {
      true ->
      clear(noted);
      noted.server = server;
      noted.xmax = xmax;
      for (r : 0 .. ROWS - 1) {
        if
        :: state[r] == OPEN && xid[r] < xmax -> noted.xip = noted.xip | BIT(xid[r])
        :: else
        fi
      }
      r = 0
    }
  :: d_step { noted.server == server ->
      copy(trimmed, noted);
      clear(noted);
      for (r : 0 .. ROWS - 1) {
        if
        :: state[r] == COMMITTED && IS_OLD(r) -> deleted = deleted | BIT(r)
        :: else
        fi
      }
      r = 0
    }
  od
}
#endif

#ifdef CLUSTER
inline endAnnouncing(i) {
  replica[i].announcing = IDLE;
  replica[i].announcingAge = 0;
  replica[i].isDropped = false;
  clear(replica[i].announcement);
}

/*
 * One is under way at a time. It tells the cursor as it was when it was sent. It may fail at any
 * moment, also after the store has it.
 */
proctype Announcements(byte i) {
  do
  :: d_step { replica[i].announcing == IDLE ->
      replica[i].announcing = SENT;
      copy(replica[i].announcement, replica[i].cursor);
    }
  :: d_step { replica[i].announcing == SENT ->
      replica[i].announcing = FOUND;
      copy(replica[i].row, replica[i].announcement);
      replica[i].rowAge = 0
    }
  :: d_step { replica[i].announcing == FOUND ->
      if
      :: !replica[i].isDropped -> replica[i].announced = replica[i].announcingAge
      :: else
      fi;
      endAnnouncing(i);
    }
  :: d_step { replica[i].announcing != IDLE -> endAnnouncing(i); }
  od
}

#ifdef ANY_SERVER
#define IS_OURS(snapshot) (snapshot.server != 0)
#else
#define IS_OURS(snapshot) (snapshot.server == server)
#endif
#define SEES(snapshot, x) (xid[x] < snapshot.xmax && !(snapshot.xip & BIT(xid[x])))
#define HAS_SEEN(i, x) (IS_OURS(replica[i].row) && SEES(replica[i].row, x))
#define MAY_BE_ANSWERED(x) (sinceCommit[x] >= DELTA || replica[0].rowAge == DEAD || HAS_SEEN(0, x))
#else
#define MAY_BE_ANSWERED(x) true
#endif

proctype Instance(byte i) {
  do
  :: d_step { RUNS(i) && replica[i].read == IDLE -> beginRead(i) }
  :: d_step { replica[i].read == SENT -> serve(i) } /* the store's step, not the instance's */
  :: atomic { RUNS(i) && replica[i].rows != 0 -> applyOne(i) }
  :: d_step { RUNS(i) && replica[i].read == FOUND && IS_COMPLETE(i) -> finish(i) }
  :: d_step { RUNS(i) && replica[i].read == OF_NO_USE -> dropCursor(i) }
  :: d_step { RUNS(i) && replica[i].read != IDLE -> endRead(i) } /* it has failed */
  :: d_step { RUNS(i) && MAY_ANSWER(i) -> allowFromMemory(i) }
#ifdef LEASE_BY_TIMER
  :: d_step { RUNS(i) && replica[i].lease == 0 -> replica[i].flag = false }
#ifndef NO_PAUSE
  :: replica[i].paused = !replica[i].paused
#endif
#endif
#ifdef SET_BACK
  :: d_step { replica[i].cursor.server != 0 -> replica[i].lease = DELTA }
#endif
  od
}

/* ---- What happens around them ---- */

proctype Logout(byte x) {
  do
  :: atomic { state[x] == NOT_BEGUN && (x == 0 || state[x - 1] != NOT_BEGUN) ->
      state[x] = OPEN;
      xid[x] = nextXid;
      nextXid++
    }
  :: atomic { state[x] == OPEN ->
      if
      :: state[x] = COMMITTED
#ifdef CLUSTER
        sinceCommit[x] = 0
#endif
      :: state[x] = GONE
      fi;
      if
      :: xid[x] >= xmax -> xmax = xid[x] + 1
      :: else
      fi
    }
  :: atomic { state[x] == COMMITTED && since200[x] == NEVER ->
      if
      :: MAY_BE_ANSWERED(x)
#ifndef ELSEWHERE
      :: RUNS(0) -> learn(0, x)
#if INSTANCES > 1
      :: RUNS(1) -> learn(1, x)
#endif
#endif
      fi;
      since200[x] = 0
    }
  od
}

proctype Failover() {
  byte lost; /* how much of the renewals of the row in replica_instances */
  do
  :: atomic { server <= FAILOVERS ->
      server++;
      xmax = 0;
      for (r : 0 .. ROWS - 1) {
        if
        :: state[r] == OPEN -> state[r] = GONE
        :: state[r] == OPEN -> state[r] = COMMITTED
#ifdef LOSES_ROWS
        :: state[r] == COMMITTED -> state[r] = GONE; since200[r] = NEVER
#endif
        :: state[r] != OPEN
        fi;
        if
        :: state[r] == COMMITTED && xid[r] >= xmax -> xmax = xid[r] + 1
        :: else
        fi
      }
      /* Of the numbers that no committed row has, any are given out again. */
      do
      :: xmax < nextXid -> xmax++
      :: break
      od;
      nextXid = xmax;
#ifdef CLUSTER
      do
      :: replica[0].rowAge < DEAD && lost < LOSS -> replica[0].rowAge++; lost++
      :: break
      od;
      lost = 0;
#endif
      r = 0
    }
  od
}

/*
 * A request that is answered by a look-up: claim 2. The right model needs no state for it. Whether
 * the 200 was sent before the request came, and whether the row is committed, never turn from true
 * to false, so it is enough to look at requests that are served as soon as they have come.
 */
#define IS_ANSWERED(x) (since200[x] != NEVER)

#ifdef JOIN_LOOK_UP
byte asked; /* 0, or one more than the row that is looked up */
bool isServed;
bool isFound;

proctype Request(byte x) {
  do
  :: d_step { asked == 0 -> asked = x + 1 }
  :: d_step { asked == x + 1 && !isServed -> isServed = true; isFound = (state[x] == COMMITTED) }
  :: d_step { asked == x + 1 && isServed -> assert(isFound || !IS_ANSWERED(x)) }
  :: d_step { asked == x + 1 && isServed -> asked = 0; isServed = false; isFound = false }
  od
}
#else
proctype Request(byte x) {
  do
  :: d_step { state[x] != COMMITTED -> assert(!IS_ANSWERED(x)) }
#ifdef ALLOW_ON_ERROR
  :: assert(!IS_ANSWERED(x))
#endif
  od
}
#endif

inline passTime(i) {
  if
  :: replica[i].lease > 0 ->
    replica[i].lease--;
#ifdef LEASE_BY_TIMER
    if
    :: replica[i].lease == 0 && RUNS(i) -> replica[i].flag = false
    :: else
    fi
#endif
  :: else
  fi;
  if
  :: replica[i].read != IDLE && replica[i].age < DELTA -> replica[i].age++
  :: else
  fi;
#ifdef CLUSTER
#ifndef NO_DEADLINE
  if
  :: replica[i].announced < LASTS -> replica[i].announced++
  :: else
  fi;
  if
  :: replica[i].read != IDLE && replica[i].announcedAtRead < LASTS -> replica[i].announcedAtRead++
  :: else
  fi;
#endif
  if
  :: replica[i].announcing != IDLE && replica[i].announcingAge < LASTS -> replica[i].announcingAge++
  :: else
  fi;
  if
  :: replica[i].rowAge < DEAD -> replica[i].rowAge++
  :: else
  fi;
  if
  :: replica[i].rowAge == DEAD -> clear(replica[i].row)
  :: else
  fi
#endif
}

proctype Clock() {
  do
  :: d_step {
      true ->
      for (r : 0 .. ROWS - 1) {
        if
        :: since200[r] < DELTA -> since200[r]++
        :: else
        fi;
#ifdef CLUSTER
        if
        :: state[r] == COMMITTED && sinceCommit[r] < DELTA -> sinceCommit[r]++
        :: else
        fi
#endif
      }
      passTime(0);
#if INSTANCES > 1
      passTime(1);
#endif
      r = 0
    }
  od
}

init {
  atomic {
    run Instance(0);
#ifdef CLUSTER
    replica[0].announced = LASTS;
    replica[0].rowAge = DEAD;
    run Announcements(0);
#endif
#if INSTANCES > 1
    run Instance(1);
#endif
    for (r : 0 .. ROWS - 1) {
      run Logout(r);
      run Request(r)
    }
    r = 0;
    run Failover();
#ifdef TRIM
    run Upkeep();
#endif
    run Clock()
  }
}
