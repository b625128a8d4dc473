import { StoreUnavailableError } from '../revocation/errors';
import type { Revocation } from '../revocation/revocation';
import type { RevocationFeed } from '../revocation/revocation-feed';
import type { CommitPosition } from '../revocation/unit-of-work';
import type { Replica } from './replica';

/** How other instances, and this one's memory, learn what this instance commits. */
export class Propagation {
  constructor(
    private readonly feed: RevocationFeed,
    private readonly replica: Replica | undefined,
    private readonly logoutWaits: 'instance' | 'cluster',
  ) {}

  /**
   * Once this resolves, what was committed is refused here, and within `maxStalenessMs` everywhere;
   * with `logoutWaits: 'cluster'` everywhere.
   */
  async spread(revocations: readonly Revocation[], position: CommitPosition | null): Promise<void> {
    for (const revocation of revocations) this.replica?.learn(revocation);
    this.feed.ring(this.logoutWaits === 'cluster');
    if (this.logoutWaits === 'instance') return;
    if (position === null) throw new StoreUnavailableError('tell where its commit stands');
    await this.feed.waitForCluster(position);
  }

  /** As of `Replica.doubt`. @param position `null` where it is unknown. */
  doubt(revocations: readonly Revocation[], position: CommitPosition | null): void {
    for (const revocation of revocations) this.replica?.doubt({ revocation, position });
  }
}
