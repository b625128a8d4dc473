import { StoreUnavailableError, type HostTransaction } from '../../src';
import type { Committed, UnitOfWork } from '../../src/revocation/unit-of-work';
import { MemoryRevocationStore } from '../../src/stores/memory';
import type { RevocationQuery } from '../../src/tokens/scopes';

/** The memory store, with faults that can be switched on while it runs. */
export class FaultyStore extends MemoryRevocationStore {
  /** Look-ups fail. */
  isBlind = false;
  /** `before`: additions fail and do nothing; `after`: they take effect, and fail nevertheless. */
  addFails: 'never' | 'before' | 'after' = 'never';
  /** What a broken store throws; an adapter's bug need not be a `StoreUnavailableError`. */
  error: Error = new StoreUnavailableError('answer', { cause: new Error('SELECT secret') });
  additions = 0;
  lookUps = 0;

  override async isRevoked(query: RevocationQuery): Promise<boolean> {
    this.lookUps += 1;
    if (this.isBlind) throw this.error;
    return super.isRevoked(query);
  }

  /** Every look-up is asked for, so that it can fail. */
  override known(): undefined {
    return undefined;
  }

  override async commit(work: UnitOfWork, transaction?: HostTransaction): Promise<Committed> {
    this.additions += 1;
    if (this.addFails === 'before') throw this.error;
    const committed = await super.commit(work, transaction);
    if (this.addFails === 'after') throw this.error;
    return committed;
  }
}
