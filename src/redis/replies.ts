import type { Checkpoint, StoredFrame } from '../relay/relay-transport';

/** What scripts return, as clients hand it over. */
export type Reply = string | number | Buffer | null | readonly Reply[];

export const isYes = (reply: unknown): boolean => Number(reply) === 1;

export const textOf = (reply: Reply): string => String(reply);

export const texts = (replies: readonly Reply[]): string[] => replies.map(String);

/** @param fields of the head: checkpoint, pagesId, pages. */
export function checkpointIn([number, pagesId = '', pages]: readonly string[]): Checkpoint {
  return { number: Number(number), pagesId, pages: Number(pages) };
}

/** @param entries of the stream: its id, then `random`, its value, `text`, its value. */
export function framesIn(generation: string, entries: readonly Reply[]): StoredFrame[] {
  return (entries as readonly [Reply, readonly Reply[]][]).map(([id, fields]) => {
    const [, random = '', , text = ''] = texts(fields);
    return { generation, number: Number.parseInt(String(id), 10), random, text };
  });
}
