import { encodeFrame, questionsIn } from '../../../src/relay/frame';
import { RelayFeed } from '../../../src/relay/relay-feed';
import type { Frame } from '../../../src/relay/frame';
import type { FeedCursor } from '../../../src/revocation/revocation-feed';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import { StoreClock } from '../../../src/revocation/store-clock';
import { MemoryBroker, MemoryRelay } from '../../support/memory-broker';
import { ManualTime, revocationOf, sliceOf } from '../replica/manual-ports';

const STALENESS_MS = 1000;

let time: ManualTime;
let clock: StoreClock;
let broker: MemoryBroker;
let way: MemoryRelay;
let feed: RelayFeed;
let number: number;

beforeEach(async () => {
  time = new ManualTime();
  clock = new StoreClock(time.wall, time.monotonic);
  broker = new MemoryBroker();
  way = new MemoryRelay(broker);
  feed = new RelayFeed(way, clock, STALENESS_MS, time);
  number = 1;
  const checkpoint = { number, pagesId: 'p', pages: 0 };
  await way.begin(null, { ...place(), text: textOf([]) }, checkpoint);
});

const place = () => ({ generation: 'a', number, random: `r${number}` });

const textOf = (answers: Frame['answers']): string =>
  encodeFrame({
    answers,
    cursor: { snapshot: '1:1:', server: 'x' },
    storeMs: time.wall(),
    slice: sliceOf([revocationOf(number)]),
  });

/** A frame that answers the questions that wait. */
async function relay(answers = asked()): Promise<void> {
  await way.takeAsks();
  const after = place();
  number += 1;
  await way.append(after, { ...place(), text: textOf(answers) });
}

const asked = (): string[] => broker.state.questions.flatMap(questionsIn).map(({ nonce }) => nonce);

const read = (since: FeedCursor | null) => feed.read(since, () => undefined);

describe('A feed behind a broker', () => {
  it('is complete until the moment before it asked, once that is answered', async () => {
    const askedAt = { wallMs: time.wall(), monotonicMs: time.monotonic() };
    const first = await read(null);
    expect(first.completeUntil).toBeNull();

    time.pause(300);
    await relay();
    expect((await read(first)).completeUntil).toEqual(askedAt);
    expect(clock.lastStoreTime).toEqual(new Date(time.wall()));
  });

  it('keeps the later of two answers, in whichever order they come', async () => {
    const first = await read(null);
    const [early = ''] = asked();
    time.pause(200);
    const second = await read(first);
    const [, late = ''] = asked();
    await relay([late]);
    const third = await read(second);
    await relay([early]);
    const fourth = await read(third);

    expect(fourth.completeUntil).toEqual(third.completeUntil);
    expect(third.completeUntil?.monotonicMs).toBe(time.monotonic());
  });

  it('is not granted anything by the answer to another', async () => {
    const first = await read(null);
    await relay(['0123456789abcdef']);

    expect((await read(first)).completeUntil).toBeNull();
  });

  it('is complete until no moment again where everything is read anew', async () => {
    const first = await read(null);
    await relay();
    expect((await read(first)).completeUntil).not.toBeNull();
    // The broker has lost the frame that answered, and what it had.
    broker.state = { ...broker.state, frames: broker.state.frames.slice(0, 1) };
    const begin = broker.state.frames[0]!;
    const head = { end: begin, checkpoint: { number: 1, pagesId: 'p', pages: 0 } };
    broker.state = { ...broker.state, head };

    expect((await read(null)).completeUntil).toBeNull();
  });

  it('stays complete where it finds another generation, and has read all of it', async () => {
    const first = await read(null);
    await relay();
    const second = await read(first);
    number = 1;
    const frame = { ...place(), generation: 'b', text: textOf([]) };
    const end = { ...place(), number: 2, random: 'r2' };
    await way.begin(end, frame, { number: 1, pagesId: 'q', pages: 0 });

    const third = await read(second);
    expect(third.server).toBe('b');
    expect(third.completeUntil).toEqual(second.completeUntil);
  });

  it('asks five times in the time of a lease, and more often while it has none', async () => {
    let cursor = await read(null);
    time.pause(49);
    cursor = await read(cursor);
    expect(asked().length).toBe(1);
    time.pause(1);
    cursor = await read(cursor);
    expect(asked().length).toBe(2);

    await relay();
    cursor = await read(cursor);
    time.pause(199);
    cursor = await read(cursor);
    expect(asked().length).toBe(0);
    time.pause(1);
    await read(cursor);
    expect(asked().length).toBe(1);
  });

  it('forgets questions whose answer would grant nothing', async () => {
    const first = await read(null);
    const old = asked();
    time.pause(STALENESS_MS);
    const second = await read(first);
    await relay(old);

    expect((await read(second)).completeUntil).toBeNull();
  });

  it('hurries only where a question is due', async () => {
    let rings = 0;
    feed.listen(() => (rings += 1));
    feed.hurry();
    expect(rings).toBe(1);
    await read(null);
    feed.hurry();
    expect(rings).toBe(1);
    time.pause(50);
    feed.hurry();
    expect(rings).toBe(2);
    await feed.close();
    feed.hurry();
    expect(rings).toBe(2);
  });

  it('is woken by the bell of the broker while that is heard', async () => {
    let rings = 0;
    expect(feed.wakenBy).toBe('polling');
    feed.listen(() => (rings += 1));
    expect(feed.wakenBy).toBe('doorbell');
    await relay();
    expect(rings).toBe(1);
    await feed.close();
    expect(feed.wakenBy).toBe('polling');
  });

  it('commits nothing, and so waits for nobody', async () => {
    feed.ring();
    await feed.announce();
    await feed.waitForCluster();
    expect(feed.hasDecided()).toBe(false);
    await expect(feed.positionOf()).rejects.toThrow(StoreUnavailableError);
  });
});
