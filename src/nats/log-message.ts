import type { Checkpoint, StoredFrame } from '../relay/relay-transport';

/** Where the pages of a checkpoint lie. */
export interface PagesPlace {
  /** When their stream was made: in another one they are lost. */
  readonly stream: string;
  /** Sequences of the first and of the last. */
  readonly from: number;
  readonly to: number;
}

/** A frame in its stream, with all that tells whether the log before it is complete. */
export interface LogMessage {
  readonly frame: StoredFrame;
  /** `random` of the frame before; `null` of the first of a generation. */
  readonly after: string | null;
  readonly checkpoint: Checkpoint;
  /** The frame of the checkpoint. */
  readonly from: { readonly seq: number; readonly random: string };
  /** `null` where there are none. */
  readonly pages: PagesPlace | null;
}

/** The first line says where the frame stands; the rest is its text. */
export function encodeLogMessage({ frame, ...rest }: LogMessage): string {
  const { text, ...place } = frame;
  return `${JSON.stringify({ ...rest, ...place })}\n${text}`;
}

/** @returns `null` where it is none. */
export function decodeLogMessage(message: string): LogMessage | null {
  const end = message.indexOf('\n');
  try {
    const head = JSON.parse(message.slice(0, end)) as Head;
    const { generation, number, random, after, checkpoint, from, pages } = head;
    const frame = { generation, number, random, text: message.slice(end + 1) };
    const isWhole = [number, from.seq, checkpoint.number, checkpoint.pages].every(
      Number.isSafeInteger,
    );
    return isWhole && number >= checkpoint.number
      ? { frame, after, checkpoint, from, pages }
      : null;
  } catch {
    return null;
  }
}

type Head = Omit<StoredFrame, 'text'> & Omit<LogMessage, 'frame'>;
