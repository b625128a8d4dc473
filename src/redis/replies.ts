import type { Checkpoint, StoredFrame } from '../relay/relay-transport';

/** What scripts return, as clients hand it over. */
export type Reply = string | number | Buffer | null | readonly Reply[];

export const isYes = (reply: unknown): boolean => Number(reply) === 1;

export const textOf = (reply: Reply): string => String(reply);

export const texts = (replies: readonly Reply[]): string[] => replies.map(String);

/** @param fields of the head: checkpoint, pagesId, pages. */
export function checkpointIn(fields: readonly Reply[]): Checkpoint {
  const [number, pagesId, pages] = fields as readonly [Reply, Reply, Reply];
  return { number: Number(number), pagesId: textOf(pagesId), pages: Number(pages) };
}

/** @param entries of the stream: its id, then `random`, its value, `text`, its value. */
export function framesIn(generation: string, entries: readonly Reply[]): StoredFrame[] {
  return (entries as readonly Entry[]).map(([id, [, random, , text]]) => ({
    generation,
    number: Number.parseInt(textOf(id), 10),
    random: textOf(random),
    text: textOf(text),
  }));
}

type Entry = readonly [id: Reply, fields: readonly [Reply, Reply, Reply, Reply]];
