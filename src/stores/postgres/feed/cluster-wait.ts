import { setTimeout as sleep } from 'node:timers/promises';
import type { OtherInstance, ReplicaInstances } from './replica-instances';
import { sees } from './snapshot';

/** Clocks of two machines may run this much apart. */
const CLOCK_MARGIN = 1.05;
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

interface Wait {
  readonly xid: bigint;
  readonly startedAt: number;
  readonly end: () => void;
}

/** Waits until no other instance can accept, from its memory, what a logout has revoked. */
export class ClusterWait {
  private readonly waits = new Set<Wait>();
  private pauseMs = FIRST_PAUSE_MS;
  private isAsking = false;
  private longestStalenessMs: number;

  /** @param ownStalenessMs taken for that of the others, at least, where they cannot be asked. */
  constructor(
    private readonly instances: Pick<ReplicaInstances, 'others'>,
    ownStalenessMs: number,
  ) {
    this.longestStalenessMs = ownStalenessMs;
  }

  /**
   * Resolves once every other instance that answers from memory has the transaction in it, or else
   * once its staleness and a little more have passed since this call, for every lease from before
   * the commit is over then. Never rejects.
   *
   * An instance that registers meanwhile is not missed. A query either finds its row, or ran before
   * the row was committed. In the second case the instance loads later, hence after our commit.
   * @param xid of the transaction, which has committed.
   */
  waitForCluster(xid: string): Promise<void> {
    return new Promise((resolve) => {
      this.waits.add({ xid: BigInt(xid), startedAt: performance.now(), end: resolve });
      this.pauseMs = FIRST_PAUSE_MS;
      if (!this.isAsking) void this.ask();
    });
  }

  /** One question for all that wait when it is sent: one sent earlier may miss an instance. */
  private async ask(): Promise<void> {
    this.isAsking = true;
    while (this.waits.size > 0) {
      const asked = [...this.waits];
      const others = await this.others();
      for (const wait of asked) if (isOver(wait, others)) this.end(wait);
      if (this.waits.size > 0) await this.pause();
    }
    this.isAsking = false;
  }

  /** Where they cannot be asked, one that is as far behind as any that we know. */
  private async others(): Promise<OtherInstance[]> {
    try {
      const others = await this.instances.others();
      const known = others.map(({ maxStalenessMs }) => maxStalenessMs);
      this.longestStalenessMs = Math.max(this.longestStalenessMs, ...known);
      return others;
    } catch {
      return [{ maxStalenessMs: this.longestStalenessMs, snapshot: null }];
    }
  }

  private end(wait: Wait): void {
    this.waits.delete(wait);
    wait.end();
  }

  /** In short steps, since a newcomer makes it short. */
  private async pause(): Promise<void> {
    const startedAt = performance.now();
    do await sleep(FIRST_PAUSE_MS);
    while (performance.now() - startedAt < this.pauseMs);
    this.pauseMs = Math.min(2 * this.pauseMs, LONGEST_PAUSE_MS);
  }
}

function isOver({ xid, startedAt }: Wait, others: readonly OtherInstance[]): boolean {
  const waitedMs = performance.now() - startedAt;
  return others.every(
    ({ maxStalenessMs, snapshot }) =>
      (snapshot !== null && sees(snapshot, xid)) || waitedMs >= maxStalenessMs * CLOCK_MARGIN,
  );
}
