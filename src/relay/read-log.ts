import { inTurns, type ApplySlice } from '../revocation/feed-slice';
import type { FeedSlice } from '../revocation/revocation-feed';
import { decodeFrame, decodePage, type Frame } from './frame';
import type { FramePlace, LogPart, RelayTransport, StoredFrame } from './relay-transport';

/** Where what is read goes. */
export interface LogSink {
  /** In any order, and as often as it likes. */
  readonly apply: (slice: FeedSlice) => void;
  /** A frame whose own slice, and everything before it, was applied. */
  readonly complete: (frame: Frame) => void;
}

/** The same, where requests are answered in between. */
interface LogReader extends Pick<LogSink, 'complete'> {
  readonly apply: ApplySlice;
}

/**
 * Reads what is behind a frame; everything, where `after` is `null` or is not in the log any more.
 * A reader that applied what was read until `after` lacks nothing of what is before a complete frame.
 * @returns where the log ended.
 * @throws {Error} the log is not complete, or changed too often meanwhile: nothing is known of what
 * was not handed over.
 */
export async function readLog(
  transport: RelayTransport,
  after: FramePlace | null,
  { apply, complete }: LogSink,
): Promise<FramePlace> {
  const sink = { apply: inTurns(apply), complete };
  if (after !== null) {
    const end = await readBehind(transport, after, sink);
    if (end !== null) return end;
  }
  const end = await readBehind(transport, await readPages(transport, sink), sink);
  if (end === null) throw new Error('The log in the broker changed while it was read.');
  return end;
}

/** @returns `null` where the frame `after` is not in the log. */
async function readBehind(
  transport: RelayTransport,
  after: FramePlace,
  sink: LogReader,
): Promise<FramePlace | null> {
  let place = after;
  for (;;) {
    const part = await transport.read(place.number);
    const [first, ...frames] = part?.frames ?? [];
    if (part === null || first === undefined || !isSame(first, place)) return null;
    for (const frame of frames) {
      if (!follows(frame, place)) throw new Error('A frame is missing in the log of the broker.');
      await applyFrame(frame, sink);
      place = frame;
    }
    if (!part.hasMore) return placeOf(place);
  }
}

/** @returns the frame of the checkpoint, which is applied too. */
async function readPages(transport: RelayTransport, sink: LogReader): Promise<FramePlace> {
  const part = await transport.read(null);
  if (part === null) throw new Error(NO_LOG);
  const { pagesId, pages } = part.checkpoint;
  for (let index = 0; index < pages; index += 1) {
    const page = await transport.readPage(pagesId, index);
    if (page === null) throw new Error('A page is missing in the broker.');
    await sink.apply(decodePage(page));
  }
  const frame = checkpointFrameOf(part);
  await applyFrame(frame, sink);
  return placeOf(frame);
}

function checkpointFrameOf({ generation, checkpoint, frames: [first] }: LogPart): StoredFrame {
  if (first?.generation === generation && first.number === checkpoint.number) return first;
  throw new Error('The first frame is missing in the log of the broker.');
}

async function applyFrame(stored: StoredFrame, { apply, complete }: LogReader): Promise<void> {
  const frame = decodeFrame(stored.text);
  await apply(frame.slice);
  complete(frame);
}

export const isSame = (one: FramePlace, other: FramePlace): boolean =>
  one.generation === other.generation && one.number === other.number && one.random === other.random;

const follows = (frame: FramePlace, place: FramePlace): boolean =>
  frame.generation === place.generation && frame.number === place.number + 1;

const placeOf = ({ generation, number, random }: FramePlace): FramePlace => ({
  generation,
  number,
  random,
});

const NO_LOG =
  'No relay has written to this broker. Give "relay" to the PostgresRevocationStore of an instance ' +
  'that reaches the database, with the same broker and name.';
