import { createHash } from 'node:crypto';

/**
 * The number of the advisory lock for a purpose in a schema, as SQL text. Only locks of a
 * transaction may be taken with it: PgBouncer shares those of a session between strangers.
 */
export function lockKeyOf(purpose: string, schema: string): string {
  const digest = createHash('sha256').update(`nestjs-logout ${purpose} ${schema}`).digest();
  return digest.readBigInt64BE().toString();
}
