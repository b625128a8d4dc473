import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Checkpoint,
  FramePlace,
  RelayTransport,
  StoredFrame,
} from '../../relay/relay-transport';
import type { TestRunner } from './contract';

const BELL_EVERY_MS = 10;

/**
 * Defines the tests of what every transport of a relay promises, for authors of transports.
 * @param open opens a transport to an empty log: another one with each call, and with `again` one
 * more to the log of the call before.
 * @param runner the functions of jest, vitest, or any runner; failures are those of node:assert.
 */
export function describeRelayTransport(
  name: string,
  open: (again?: 'again') => RelayTransport | Promise<RelayTransport>,
  { describe, it, afterAll }: TestRunner,
): void {
  describe(`${name} keeps the RelayTransport contract`, () => {
    const opened: RelayTransport[] = [];
    const use = async (again?: 'again'): Promise<RelayTransport> => {
      const transport = await open(again);
      opened.push(transport);
      return transport;
    };

    afterAll(async () => {
      for (const transport of opened) await transport.close();
    });

    it('hands every question to one relay, once', async () => {
      const relay = await use();
      const other = await use('again');
      await relay.ask('one 1');
      await other.ask('two 2');
      const taken = await Promise.all([relay.takeAsks(), other.takeAsks()]);

      const questions = taken.flatMap((each) => each.questions);
      assert.deepEqual(questions.toSorted(), ['one 1', 'two 2']);
      assert.deepEqual((await relay.takeAsks()).questions, []);
    });

    it('has no log at first', async () => {
      const relay = await use();

      assert.equal(await relay.read(null), null);
      assert.equal((await relay.takeAsks()).last, null);
      assert.equal(await relay.append(place('x', 0), frame('x', 1)), false);
    });

    it('begins a log with pages, and hands out all of it', async () => {
      const relay = await use();
      const checkpoint = await pages(relay, 1, 'page 0', 'page 1');
      const first = frame('a', 1);

      assert.equal(await relay.begin(null, first, checkpoint), true);

      assert.deepEqual(await relay.takeAsks(), {
        questions: [],
        last: { frame: first, checkpoint },
      });
      assert.deepEqual(await relay.read(null), {
        ...{ generation: 'a', checkpoint, frames: [first], hasMore: false },
      });
      assert.equal(await relay.readPage(checkpoint.pagesId, 0), 'page 0');
      assert.equal(await relay.readPage(checkpoint.pagesId, 1), 'page 1');
      assert.equal(await relay.readPage(checkpoint.pagesId, 2), null);
      assert.equal(await relay.readPage('other', 0), null);
    });

    it('keeps frames and pages as they are, quotes, blanks and all', async () => {
      const text = '{"a":"\\u0000 é\\n"} — \'ж\'';
      const relay = await use();
      const checkpoint = await pages(relay, 1, text);
      await relay.begin(null, { ...frame('a', 1), text }, checkpoint);

      assert.equal((await relay.read(null))?.frames[0]?.text, text);
      assert.equal(await relay.readPage(checkpoint.pagesId, 0), text);
    });

    it('takes a frame behind the last one, and behind no other', async () => {
      const relay = await use();
      const [first, second, third] = await logOf(relay, 'a', 2);

      for (const wrong of [first, { ...second, random: 'x' }, { ...second, generation: 'x' }])
        assert.equal(await relay.append(wrong, third), false);
      assert.equal(await relay.append({ ...second, number: 7 }, third), false);
      assert.equal(await relay.append(second, third), true);
      assert.equal(await relay.append(second, frame('a', 3)), false);
      assert.deepEqual((await relay.takeAsks()).last?.frame, third);
    });

    it('takes one of the frames that two relays add at the same time', async () => {
      const relay = await use();
      const other = await use('again');
      const [first] = await logOf(relay, 'a', 1);

      const areAdded = await Promise.all([
        relay.append(first, frame('a', 2)),
        other.append(first, frame('a', 2)),
      ]);

      assert.deepEqual(areAdded.toSorted(), [false, true]);
      assert.equal((await relay.read(1))?.frames.length, 2);
    });

    it('reads on from a number, part by part, to the end', async () => {
      const relay = await use();
      const frames = await logOf(relay, 'a', 600);

      const read: StoredFrame[] = [];
      for (let from = 2, more = true; more;) {
        const part = await relay.read(from);
        read.push(...(part?.frames ?? []));
        more = part?.hasMore ?? false;
        from = (read.at(-1)?.number ?? 0) + 1;
      }

      assert.deepEqual(read, frames.slice(1, 600));
      assert.deepEqual((await relay.read(601))?.frames, []);
    });

    it('begins anew behind the end that was seen, and behind no other', async () => {
      const relay = await use();
      const [first, second] = await logOf(relay, 'a', 2);
      const checkpoint = await pages(relay, 1, 'new');

      assert.equal(await relay.begin(null, frame('b', 1), checkpoint), false);
      assert.equal(await relay.begin(first, frame('b', 1), checkpoint), false);
      assert.equal(await relay.begin(second, frame('b', 1), checkpoint), true);

      const part = await relay.read(null);
      assert.deepEqual([part?.generation, part?.frames.length], ['b', 1]);
      assert.deepEqual((await relay.takeAsks()).last?.checkpoint, checkpoint);
    });

    it('takes a log whose pages are not all there for none', async () => {
      const relay = await use();
      const checkpoint = await pages(relay, 1, 'page 0');
      const first = frame('a', 1);
      await relay.begin(null, first, { ...checkpoint, pages: 2 });

      assert.equal((await relay.takeAsks()).last, null);
      assert.equal(await relay.append(first, frame('a', 2)), false);
      assert.equal(await relay.begin(first, frame('b', 1), checkpoint), false);
      assert.equal(await relay.begin(null, frame('b', 1), checkpoint), true);
      assert.notEqual((await relay.takeAsks()).last, null);
    });

    it('moves the checkpoint, and drops what is before it', async () => {
      const relay = await use();
      const frames = await logOf(relay, 'a', 5);
      const [, second, third, fourth] = frames;
      const checkpoint = await pages(relay, 3, 'new page');

      assert.equal(await relay.moveCheckpoint({ ...third, random: 'x' }, checkpoint), false);
      assert.equal(await relay.moveCheckpoint({ ...third, generation: 'x' }, checkpoint), false);
      assert.equal(await relay.moveCheckpoint(third, checkpoint), true);

      const part = await relay.read(null);
      assert.deepEqual(part?.checkpoint, checkpoint);
      assert.deepEqual(part.frames[0], third);
      assert.deepEqual((await relay.read(1))?.frames[0], third);
      assert.deepEqual((await relay.read(4))?.frames[0], fourth);
      const earlier = await pages(relay, 2, 'earlier');
      assert.equal(await relay.moveCheckpoint(second, earlier), false);
      assert.deepEqual((await relay.takeAsks()).last?.checkpoint, checkpoint);
      assert.equal(await relay.append(frames[4], frame('a', 6)), true);
    });

    it('rings for questions and for frames', async () => {
      const relay = await use();
      const follower = await use('again');
      const rings: string[] = [];
      relay.listen('asks', () => rings.push('asks'));
      follower.listen('frames', () => rings.push('frames'));
      // A bell may ring when it begins to listen.
      while (!(relay.isListening && follower.isListening)) await sleep(BELL_EVERY_MS);
      const [first] = await logOf(relay, 'a', 1);

      const hears = async (bell: string, act: (turn: number) => Promise<unknown>) => {
        for (let turn = 0, before = rings.length; !rings.slice(before).includes(bell); turn += 1) {
          await act(turn);
          await sleep(BELL_EVERY_MS);
        }
      };
      await hears('asks', (turn) => follower.ask(`one ${turn}`));
      let end: FramePlace = first;
      await hears('frames', async () => {
        const next = frame('a', end.number + 1);
        await relay.append(end, next);
        end = next;
      });
    });

    it('may be closed twice, and is used again afterwards', async () => {
      const relay = await use();
      await relay.ask('one 1');
      await relay.close();
      await relay.close();

      assert.deepEqual((await relay.takeAsks()).questions, ['one 1']);
    });

    it('finds the broker set up as it must be', async () => {
      assert.equal(await (await use()).misconfiguration(), undefined);
    });
  });
}

const randomText = (): string => randomBytes(16).toString('hex');

const place = (generation: string, number: number): FramePlace => ({
  generation,
  number,
  random: randomText(),
});

const frame = (generation: string, number: number): StoredFrame => ({
  ...place(generation, number),
  text: `frame ${number}`,
});

async function pages(
  relay: RelayTransport,
  number: number,
  ...texts: readonly string[]
): Promise<Checkpoint> {
  const pagesId = randomText();
  for (const [index, text] of texts.entries()) await relay.writePage(pagesId, index, text);
  return { number, pagesId, pages: texts.length };
}

type Log = readonly [StoredFrame, StoredFrame, StoredFrame, StoredFrame, StoredFrame];

/** A log of so many frames. @returns them, and those that would follow: five at least. */
async function logOf(relay: RelayTransport, generation: string, count: number): Promise<Log> {
  const length = Math.max(count, 4) + 1;
  const frames = Array.from({ length }, (_, index) => frame(generation, index + 1));
  await relay.begin(null, frames[0] as StoredFrame, await pages(relay, 1, 'page'));
  for (let at = 1; at < count; at += 1)
    await relay.append(frames[at - 1] as StoredFrame, frames[at] as StoredFrame);
  return frames as readonly StoredFrame[] as Log;
}
