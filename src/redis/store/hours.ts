import type { RedisCommand } from '../redis-client';
import type { RevocationKey } from '../../tokens/identity';
import { pairs } from './look';
import type { RedisDatabase, Reply } from './redis-database';

const ROWS_AT_ONCE = '1000';

/**
 * All revocations that are there from begin to end, some of them twice: of each key its rows.
 * @throws {StoreUnavailableError}
 */
export async function* rowPages(
  database: RedisDatabase,
  operation: string,
): AsyncGenerator<readonly (readonly [key: RevocationKey, rows: string])[]> {
  const { prefix } = database;
  const ask = (...command: RedisCommand) => database.command(operation, 'reads', command);
  const hours = (await ask('ZRANGE', `${prefix}:hours`, '0', '-1')) as readonly Reply[];
  for (const hour of hours) {
    let cursor = '0';
    do {
      const hash = `${prefix}:hour:${String(hour)}`;
      const reply = await ask('HSCAN', hash, cursor, 'COUNT', ROWS_AT_ONCE);
      const [next, rows] = reply as readonly [Reply, readonly Reply[]];
      yield pairs(rows);
      cursor = String(next);
    } while (cursor !== '0');
  }
}
