import { randomBytes } from 'node:crypto';
import type { FeedSlice } from '../revocation/revocation-feed';
import { encodePage, packed } from './frame';
import type { Checkpoint, RelayTransport } from './relay-transport';

/** Writes all of it for a checkpoint that is yet to be made. */
export async function writePages(
  transport: RelayTransport,
  slices: readonly FeedSlice[],
): Promise<Omit<Checkpoint, 'number'>> {
  const pagesId = randomBytes(16).toString('hex');
  const pages = packed(slices);
  for (const [index, page] of pages.entries())
    await transport.writePage(pagesId, index, encodePage(page));
  return { pagesId, pages: pages.length };
}
