import { EVERY_ISSUER } from '../tokens/scopes';
import { flag, resolve, type Table } from '../options/option';
import type { RedisClient } from './redis-client';
import { RedisLink } from './redis-link';
import { REDIS_CLIENT, REDIS_NAME } from './redis-options';
import { randomText } from './store/changes';
import { prefixOf } from './store/redis-database';
import { addedRow } from './store/rows';
import { INIT } from './store/store-scripts';

export interface InitRedisOptions {
  /** That of the store. @defaultValue 'default' */
  readonly name?: string;
  /**
   * Redis has lost revocations, or may have: every token that was issued until now, by its clock, is
   * refused, and sessions that were opened until then are over.
   * @defaultValue false
   */
  readonly afterLoss?: boolean;
}

const INIT_REDIS_OPTIONS = {
  name: REDIS_NAME,
  afterLoss: flag({ default: false, says: 'Whether Redis has lost revocations.' }),
} satisfies Table<InitRedisOptions>;

const TIMEOUT_MS = 10_000;
/** The store trims the audit further. */
const MOST_EVENTS = 100_000_000;
/** No token may live longer than 400 days; see `maxLifetimeSeconds`. */
const FLOOR_LASTS_MS = 401 * 86_400_000;

/**
 * Makes Redis ready for `RedisRevocationStore`. For a person to run once, and after each loss; never
 * where an application starts: it says that nothing which is missing was ever there.
 * @returns whether it changed something: without `afterLoss` nothing where it was ready.
 * @throws {TypeError} the client or an option is not of its form.
 * @throws {Error} Redis does not answer, or is a replica.
 */
export async function initRedis(
  client: RedisClient,
  options: InitRedisOptions = {},
): Promise<boolean> {
  const { name, afterLoss } = resolve(INIT_REDIS_OPTIONS, options);
  const link = new RedisLink(REDIS_CLIENT.read(client, 'client'), TIMEOUT_MS);
  const asked = JSON.stringify({
    generation: randomText(),
    random: randomText(),
    revocations: afterLoss ? [floor()] : [],
    events: [],
    mostEvents: MOST_EVENTS,
  });
  try {
    const keys = ['1', `${prefixOf(name)}:head`];
    const reply = (await link.call([
      'EVAL',
      INIT,
      ...keys,
      prefixOf(name),
      asked,
    ])) as readonly unknown[];
    if (reply[0] !== 'ok')
      throw new Error('nestjs-logout: the server is a replica of Redis. Give the primary.');
    return Number(reply.at(-1)) === 1;
  } finally {
    link.close();
  }
}

/** Covers every token, whatever it names. */
function floor() {
  const reason = 'Redis lost revocations';
  const expiresAt = new Date(Date.now() + FLOOR_LASTS_MS);
  const event = {
    event: 'authn_token_revoked',
    outcome: 'success',
    scope: 'issuer',
    reason,
  } as const;
  return addedRow({ key: EVERY_ISSUER, scope: 'issuer', expiresAt, reason }, event);
}
