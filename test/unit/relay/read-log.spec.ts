import { encodeFrame, encodePage, type Frame } from '../../../src/relay/frame';
import { readLog } from '../../../src/relay/read-log';
import type { StoredFrame } from '../../../src/relay/relay-transport';
import { APPLIED_PER_TURN } from '../../../src/revocation/feed-slice';
import { emptyBroker, MemoryBroker, MemoryRelay } from '../../support/memory-broker';
import { appliedPerTurn } from '../../support/turns';
import { revocationOf, sliceOf } from '../replica/manual-ports';

const sliceOfToken = (token: number) => sliceOf([revocationOf(token)]);

const frame = (number: number, generation = 'a', slice = sliceOfToken(number)): StoredFrame => ({
  generation,
  number,
  random: `${generation}${number}`,
  text: encodeFrame({
    answers: [String(number)],
    cursor: { snapshot: '1:1:', server: 'x' },
    storeMs: 0,
    slice,
  }),
});

let broker: MemoryBroker;
let applied: number;
let complete: string[];

const sink = {
  apply: ({ absolute }: Frame['slice']) => {
    applied += absolute.length;
  },
  complete: ({ answers }: Frame) => complete.push(...answers),
};

/** A log with one page, whose checkpoint is the first of these frames. */
function hold(...frames: readonly StoredFrame[]): void {
  const checkpoint = { number: frames[0]!.number, pagesId: 'p', pages: 1 };
  broker.state = {
    ...emptyBroker(),
    head: { end: frames.at(-1)!, checkpoint },
    frames,
    pages: new Map([['p:0', encodePage(sliceOfToken(1000))]]),
  };
}

const read = (after: StoredFrame | null) => readLog(new MemoryRelay(broker), after, sink);

const manyTokens = (count: number) =>
  sliceOf(Array.from({ length: count }, (_unused, token) => revocationOf(token)));

beforeEach(() => {
  broker = new MemoryBroker();
  applied = 0;
  complete = [];
});

describe('A reader of the log', () => {
  it('reads the pages, and every frame from their checkpoint on', async () => {
    hold(frame(5), frame(6), frame(7), frame(8), frame(9), frame(10));

    expect(await read(null)).toMatchObject({ number: 10, random: 'a10' });
    expect([applied, complete]).toEqual([7, ['5', '6', '7', '8', '9', '10']]);
  });

  it('lets requests be answered while it reads pages and frames of thousands', async () => {
    const slice = manyTokens(4096);
    const frames = [5, 6, 7].map((number) => frame(number, 'a', slice));
    hold(...frames);
    broker.state = { ...broker.state, pages: new Map([['p:0', encodePage(slice)]]) };

    const perTurn = await appliedPerTurn((apply) =>
      readLog(new MemoryRelay(broker), null, { apply, complete: sink.complete }),
    );

    expect(perTurn.reduce((sum, each) => sum + each)).toBe(4 * 4096);
    expect(Math.max(...perTurn)).toBeLessThan(2 * APPLIED_PER_TURN);
  });

  it('tells that a frame is complete only after its last revocation was applied', async () => {
    hold(frame(5, 'a', manyTokens(4096)), frame(6));
    const told: number[] = [];

    await readLog(new MemoryRelay(broker), null, {
      apply: sink.apply,
      complete: () => told.push(applied),
    });

    expect(told).toEqual([4097, 4098]); // with that of the page
  });

  it('reads on behind its place alone', async () => {
    hold(frame(5), frame(6), frame(7));

    expect(await read(frame(6))).toMatchObject({ number: 7 });
    expect([applied, complete]).toEqual([1, ['7']]);
    expect(await read(frame(7))).toMatchObject({ number: 7 });
    expect(applied).toBe(1);
  });

  it.each([
    ['another frame has its number', { ...frame(6), random: 'x' }],
    ['the log is of another generation', frame(6, 'b')],
    ['the log ends before it', frame(9)],
    ['the log begins behind it', frame(4)],
  ])('reads everything where %s', async (_, place) => {
    hold(frame(5), frame(6), frame(7));

    await read(place);

    expect([applied, complete]).toEqual([4, ['5', '6', '7']]);
  });

  it('takes no frame for complete behind one that is missing', async () => {
    hold(frame(5), frame(6), frame(8));

    await expect(read(null)).rejects.toThrow('A frame is missing');
    expect(complete).toEqual(['5', '6']);
  });

  it('takes no frame for complete without all pages', async () => {
    hold(frame(5), frame(6));
    broker.state = { ...broker.state, pages: new Map() };

    await expect(read(null)).rejects.toThrow('A page is missing');
    expect(complete).toEqual([]);
  });

  it('takes nothing for complete where the frame of the checkpoint is missing', async () => {
    hold(frame(5), frame(6));
    broker.state = { ...broker.state, frames: [frame(6)] };

    await expect(read(null)).rejects.toThrow('The first frame is missing');
    expect(complete).toEqual([]);
  });

  it('fails where the log changes behind the pages that it has read', async () => {
    hold(frame(5), frame(6));
    class Changing extends MemoryRelay {
      override async readPage(...page: readonly [string, number]): Promise<string | null> {
        const text = await super.readPage(...page);
        hold(frame(1, 'b'));
        return text;
      }
    }

    await expect(readLog(new Changing(broker), null, sink)).rejects.toThrow('changed while');
    expect(complete).toEqual(['5']);
  });

  it('says what to do where no relay has written', async () => {
    await expect(read(null)).rejects.toThrow('Give "relay" to the PostgresRevocationStore');
  });
});
