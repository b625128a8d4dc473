import type { LiveConnection } from '../../live/open-connection';
import type { RevocationQuery } from '../../tokens/scopes';
import { member } from '../contexts/member';

type Token = LiveConnection['token'];

/** Where a socket's data has what its token may be revoked by; hashes, never the token. */
const PLACE = 'nestjs-logout';

/** Recovery keeps it with the data of the socket, in whatever form its adapter keeps that. */
export function keepToken(data: Record<string, unknown>, { keys, expiresAtMs }: Token): void {
  const { absolute, cutoffs } = keys;
  data[PLACE] = { absolute, cutoffs, expiresAtMs };
}

/** `undefined`: there is none, or it is not of its form. */
export function keptToken(data: unknown): Token | undefined {
  const kept = member(data, PLACE);
  const absolute = member(kept, 'absolute');
  const cutoffs = member(kept, 'cutoffs');
  const expiresAtMs = member(kept, 'expiresAtMs');
  if (!Array.isArray(absolute) || !absolute.every((key) => typeof key === 'string'))
    return undefined;
  if (!Array.isArray(cutoffs) || !cutoffs.every(isCutoff)) return undefined;
  return typeof expiresAtMs === 'number' ? { keys: { absolute, cutoffs }, expiresAtMs } : undefined;
}

function isCutoff(value: unknown): value is RevocationQuery['cutoffs'][number] {
  return typeof member(value, 'key') === 'string' && typeof member(value, 'at') === 'number';
}
