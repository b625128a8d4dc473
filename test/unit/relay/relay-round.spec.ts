import { decodeFrame, decodePage, encodeQuestion } from '../../../src/relay/frame';
import { LogCompaction } from '../../../src/relay/log-compaction';
import { newProgress, RelayRound, type RelayProgress } from '../../../src/relay/relay-round';
import { Registration } from '../../../src/replica/lease';
import { StoreClock } from '../../../src/revocation/store-clock';
import { MemoryBroker, MemoryRelay } from '../../support/memory-broker';
import { ManualFeed, ManualTime, revocationOf, settle } from '../replica/manual-ports';

const STALENESS_MS = 2000;
const NONCE = '0123456789abcdef';

let time: ManualTime;
let feed: ManualFeed;
let broker: MemoryBroker;
let way: MemoryRelay;
let said: string[];
let round: RelayRound;
let progress: RelayProgress;

beforeEach(() => {
  time = new ManualTime();
  const clock = new StoreClock(time.wall, time.monotonic);
  feed = new ManualFeed(clock, time.wall);
  broker = new MemoryBroker();
  way = new MemoryRelay(broker);
  said = [];
  progress = newProgress();
  round = roundBy(clock);
});

function roundBy(clock: StoreClock): RelayRound {
  const onError = ({ message }: Error) => said.push(message);
  const registration = new Registration(feed, STALENESS_MS, time, onError);
  const compaction = new LogCompaction(way, clock, onError, 5);
  const more = { progress, maxStalenessMs: STALENESS_MS, onError, time };
  return new RelayRound({ feed, clock, transport: way, registration, compaction, ...more });
}

/** One round, whose read stands at this snapshot. */
async function run(snapshot: string, ...tokens: readonly number[]): Promise<void> {
  const running = round.run();
  await untilReading();
  await feed.answer(snapshot, ...tokens.map((token) => revocationOf(token)));
  await running;
}

async function untilReading(): Promise<void> {
  while (!feed.isReading) await settle();
}

const ask = (maxStalenessMs = STALENESS_MS): Promise<void> =>
  way.ask(encodeQuestion({ nonce: NONCE, maxStalenessMs }));

const frames = () => broker.state.frames.map(({ text }) => decodeFrame(text));
const lastAnswers = () => frames().at(-1)?.answers;

describe('A round of a relay', () => {
  it('announces the relay, then takes the questions, then reads', async () => {
    const order: string[] = [];
    jest.spyOn(way, 'takeAsks').mockImplementation(() => {
      order.push(...feed.calls, 'take');
      return Promise.resolve({ questions: [], last: null });
    });

    const running = round.run();
    await untilReading();

    expect([...order, feed.calls.at(-1)]).toEqual(['announce nothing', 'take', 'read all']);
    await feed.answer('1');
    await running;
  });

  it('goes on from the cursor of the last frame, whoever wrote it', async () => {
    await run('1', 1);
    const other = roundBy(new StoreClock(time.wall, time.monotonic));
    round = other;
    await run('2', 2);

    expect(feed.calls).toContain('read 1');
    expect(frames().map(({ cursor }) => cursor.snapshot)).toEqual(['1', '2']);
  });

  it('writes nothing where there is nothing to say, but once a minute', async () => {
    await run('1', 1);
    await run('2');
    expect(frames().length).toBe(1);

    time.pause(60_001);
    await run('3');
    expect(frames().map(({ cursor }) => cursor.snapshot)).toEqual(['1', '3']);
  });

  it('answers what it took before the read, and nothing that came later', async () => {
    await run('1');
    await ask();
    const running = round.run();
    await untilReading();
    await way.ask(encodeQuestion({ nonce: 'f'.repeat(16), maxStalenessMs: STALENESS_MS }));
    await feed.answer('2');
    await running;

    expect(lastAnswers()).toEqual([NONCE]);
  });

  it('answers nobody while it is not announced', async () => {
    feed.announces = 'never';
    await ask();
    await run('1');
    await ask();
    await run('2', 2);

    expect(frames().flatMap(({ answers }) => answers)).toEqual([]);
  });

  it('answers nobody whose lease could outlast its announcement', async () => {
    await run('1');
    feed.announces = 'never';
    time.pause(4 * STALENESS_MS - 1);
    await ask();
    await run('2', 2);
    expect(lastAnswers()).toEqual([NONCE]);

    time.pause(1);
    await ask();
    await run('3', 3);
    expect(lastAnswers()).toEqual([]);
  });

  it('answers nobody who asks for a longer lease than its own, and says so', async () => {
    await ask(STALENESS_MS + 1);
    await run('1');

    expect(lastAnswers()).toEqual([]);
    expect(said).toEqual([expect.stringContaining('Lower it there, or raise it here')]);
  });

  it('writes a long read as several frames, of which the last has the answers and the cursor', async () => {
    await run('1');
    await ask();
    const running = round.run();
    await untilReading();
    for (let slice = 0; slice < 3; slice += 1)
      feed.bring(...Array.from({ length: 3000 }, (_, at) => revocationOf(slice * 3000 + at)));
    await feed.answer('2');
    await running;

    const [, ...written] = frames();
    expect(written.map(({ slice }) => slice.absolute.length)).toEqual([3000, 3000, 3000]);
    expect(written.map(({ cursor }) => cursor.snapshot)).toEqual(['1', '1', '2']);
    expect(written.map(({ answers }) => answers)).toEqual([[], [], [NONCE]]);
  });

  it('begins anew where its cursor is of no use, and announces itself to that server first', async () => {
    await run('1', 1);
    const before = broker.state.head?.end.generation;
    await ask();
    const running = round.run();
    await untilReading();
    await feed.refuse();
    await untilReading();
    expect(feed.calls.slice(-3)).toEqual(['read 1', 'announce nothing', 'read all']);
    await feed.answer('9', revocationOf(1));
    await running;

    expect(broker.state.head?.end).toMatchObject({ number: 1 });
    expect(broker.state.head?.end.generation).not.toBe(before);
    expect(lastAnswers()).toEqual([NONCE]);
  });

  it('begins anew where it cannot read the last frame', async () => {
    await run('1', 1);
    const { head, frames: before } = broker.state;
    broker.state = { ...broker.state, frames: before.map((each) => ({ ...each, text: '[2]' })) };
    await run('2', 1);

    expect(broker.state.head?.end.generation).not.toBe(head?.end.generation);
    expect(feed.calls.filter((call) => call === 'read all').length).toBe(2);
  });

  it('writes nothing more where another relay was first', async () => {
    await run('1');
    const other = roundBy(new StoreClock(time.wall, time.monotonic));
    const late = round.run();
    await untilReading();
    const first = other.run();
    while (feed.reads.length < 3) await settle();
    const [, lateRead, firstRead] = feed.reads;
    firstRead?.apply({
      absolute: [{ expiresBefore: new Date(), prefixes: Buffer.alloc(16) }],
      cutoffs: [],
    });
    await firstRead?.answer({ snapshot: '3', server: 'one' });
    lateRead?.apply({
      absolute: [{ expiresBefore: new Date(), prefixes: Buffer.alloc(16) }],
      cutoffs: [],
    });
    await lateRead?.answer({ snapshot: '2', server: 'one' });
    expect(await first).toBe(true);
    expect(await late).toBe(false);

    expect(progress).toEqual({ frames: 2, answers: 0, logLength: 1 });
    expect(frames().map(({ cursor }) => cursor.snapshot)).toEqual(['1', '3']);
  });

  it('counts what it wrote, and tells how long the log was', async () => {
    await run('1', 1);
    expect(progress).toEqual({ frames: 1, answers: 0, logLength: 0 });
    await ask();
    await run('2', 2);
    await run('3');
    expect(progress).toEqual({ frames: 2, answers: 1, logLength: 2 });
  });

  it('fails where the database tells nothing, and begins no log', async () => {
    const running = round.run();
    await untilReading();
    void feed.refuse();

    await expect(running).rejects.toThrow('did not tell what is revoked');
    expect(broker.state.head).toBeNull();
  });

  it('has the log shortened, without what has expired', async () => {
    await run('1', 1);
    time.pause(2 * 366 * 24 * 3_600_000); // beyond 2027
    for (let token = 2; token < 8; token += 1) {
      const running = round.run();
      await untilReading();
      await feed.answer(String(token), revocationOf(token, new Date(Date.UTC(2030))));
      await running;
    }
    await settle();
    await settle();

    const { head, pages, frames: left } = broker.state;
    expect(head?.checkpoint.number).toBeGreaterThanOrEqual(6);
    expect(left.length).toBeLessThan(3);
    const page = decodePage(pages.get(`${head?.checkpoint.pagesId ?? ''}:0`) ?? '');
    const tokens = page.absolute.map(({ prefixes }) => prefixes.readInt8(15));
    expect([...new Set(tokens)]).toEqual(
      [2, 3, 4, 5, 6, 7].slice(0, (head?.checkpoint.number ?? 0) - 1),
    );
  });

  it('says so where the log cannot be shortened, and goes on', async () => {
    jest.spyOn(way, 'moveCheckpoint').mockRejectedValue(new Error('away'));
    for (let token = 1; token < 9; token += 1) await run(String(token), token);
    await settle();

    expect(said).toContain('The log in the broker could not be shortened.');
    expect(frames().at(-1)?.cursor.snapshot).toBe('8');
  });
});
