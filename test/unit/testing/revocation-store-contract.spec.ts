import { MemoryRevocationStore } from '../../../src/stores/memory';
import { describeRevocationStore, type StoreUnderTest } from '../../../src/testing';

type Work = () => Promise<void>;

/** A runner that is neither jest nor vitest: it keeps what it is given, and runs it at once. */
class PlainRunner {
  private readonly before: Work[] = [];
  private readonly after: Work[] = [];
  private readonly tests: [title: string, work: Work][] = [];

  readonly describe = (_: string, define: () => void): void => {
    define();
  };
  readonly it = (title: string, work: Work): void => {
    this.tests.push([title, work]);
  };
  readonly beforeAll = (work: Work): void => {
    this.before.push(work);
  };
  readonly afterAll = (work: Work): void => {
    this.after.push(work);
  };

  /** @returns how many tests there are, and the titles of those that failed. */
  async run(): Promise<{ count: number; failed: string[] }> {
    for (const work of this.before) await work();
    const failed: string[] = [];
    for (const [title, work] of this.tests) await work().catch(() => failed.push(title));
    for (const work of this.after) await work();
    return { count: this.tests.length, failed };
  }
}

const run = (make: () => MemoryRevocationStore) => {
  const runner = new PlainRunner();
  const open = async (): Promise<StoreUnderTest> => {
    const store = make();
    await store.open();
    return { store, now: () => Promise.resolve(new Date()) };
  };
  describeRevocationStore('a store', open, runner);
  return runner.run();
};

/** A store that forgets what it was told. */
class ForgetfulStore extends MemoryRevocationStore {
  override isRevoked(): boolean {
    return false;
  }
}

describe('The contract of stores, for their authors', () => {
  it('runs in any runner, and a good store passes all of it', async () => {
    const { count, failed } = await run(() => new MemoryRevocationStore());
    expect(count).toBeGreaterThan(100);
    expect(failed).toEqual([]);
  });

  it('notices a store that forgets, also once it is closed', async () => {
    const { failed } = await run(() => new ForgetfulStore());
    expect(failed).toEqual(
      expect.arrayContaining([
        'refuses what a token revocation covers, however new it is',
        'finds one revoked key among several',
        'never says that a token is not revoked',
        'refuses to answer about no key',
      ]),
    );
  });
});
