import type { FeedCursor } from '../../../src/revocation/revocation-feed';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import { startCluster, type TestCluster } from '../../support/cluster';
import { copyData, type DataCopy } from '../../support/data-copy';
import { withClient } from '../../support/database';
import type { OpenFeed } from './open-feed';
import { openStore } from './open-store';
import { useFeeds } from './use-feeds';

const run = (url: string, sql: string): Promise<unknown> =>
  withClient(url, (client) => client.query(sql));

const load = async (open: OpenFeed): Promise<FeedCursor> => (await open.read(null)).cursor!;

/** Whether what was read by one session goes on at the next read, which another may make. */
const goesOn = async (open: OpenFeed, since: FeedCursor): Promise<boolean> =>
  (await open.read(since)).cursor !== null;

describe('A session of ours that outlives a change of its server', () => {
  const openFeed = useFeeds();
  let primary: TestCluster;
  let copy: DataCopy;
  let standbyUrl: string;

  beforeAll(async () => {
    primary = await startCluster();
    await (await openStore(primary.url, { check: 'direct' })).close();
    copy = await copyData(primary, { asStandby: true });
    standbyUrl = (await copy.start()).url();
  });

  afterAll(async () => {
    await copy.remove();
    await primary.remove();
  });

  it('reads nothing from a standby, and after its promotion the same as a new session', async () => {
    const before = await load(await openFeed(primary.url));
    const lasting = await openFeed(standbyUrl);
    await expect(lasting.read(before)).rejects.toThrow(StoreUnavailableError);

    await run(standbyUrl, 'SELECT pg_promote()');
    const after = await load(lasting);

    expect(await goesOn(lasting, before)).toBe(false);
    expect(await goesOn(lasting, after)).toBe(true);
    expect(await goesOn(await openFeed(standbyUrl), after)).toBe(true);
  });

  it('loads once where an operator has reset the statistics, whatever sessions it reads by', async () => {
    const lasting = await openFeed(primary.url);
    const before = await load(lasting);

    await run(primary.url, "SELECT pg_stat_reset_shared('bgwriter')");
    const fresh = await openFeed(primary.url);
    const after = await load(lasting);

    expect(await goesOn(fresh, before)).toBe(false);
    expect(await goesOn(fresh, after)).toBe(true);
    expect(await goesOn(lasting, after)).toBe(true);
  });

  it('tells the same server after it was cleared, as poolers do between two clients', async () => {
    const cleared = await openFeed(primary.url);
    const before = await load(cleared);

    await cleared.feed.connection.use((client) => client.query('DISCARD ALL'));

    expect(await goesOn(cleared, before)).toBe(true);
  });
});
