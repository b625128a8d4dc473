import type { FeedCursor } from '../../revocation/revocation-feed';
import type { CommitPosition } from '../../revocation/unit-of-work';

/** A frame of the log: its number, and what is written into no other. */
export interface FramePlace {
  readonly generation: string;
  readonly number: string;
  readonly random: string;
}

/** @param number of the last frame when the change was made. */
export const positionOf = (generation: string, number: number): CommitPosition =>
  `${generation} ${number}`;

export const cursorAt = ({ generation, number, random }: FramePlace): FeedCursor => ({
  snapshot: `${number} ${random}`,
  server: generation,
});

export function placeOf({ snapshot, server }: FeedCursor): FramePlace {
  const [number, random] = snapshot.split(' ') as [string, string];
  return { generation: server, number, random };
}

/** Whether what has been read until the cursor has what was at this position. */
export function hasReached(cursor: FeedCursor, position: CommitPosition): boolean {
  const [generation, number] = position.split(' ');
  return cursor.server === generation && Number(placeOf(cursor).number) >= Number(number);
}
