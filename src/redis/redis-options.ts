import { having, text } from '../options/option';
import type { RedisClient } from './redis-client';

/** What every part of ours in Redis is made of. */
export const REDIS_CLIENT = having<RedisClient>(
  'subscribe',
  'what fromNodeRedis or fromIoredis returns',
  { says: 'The client.' },
);

/** An option that every part has. */
export const REDIS_NAME = text(
  '1 to 64 letters, digits, dots, hyphens and underscores',
  /^[\w.-]{1,64}$/,
  {
    default: 'default',
    says: 'What our keys begin with. Instances that name the same one in the same Redis share them.',
  },
);
