import { whole } from '../options/option';

/** The limits of every face. */
export const THROTTLE_OPTIONS = {
  throttleLimit: whole(1, 1_000_000, {
    unit: 'requests',
    default: 10,
    env: 'THROTTLE_LIMIT',
    says: 'How many a window allows, for each address and for each live token.',
  }),
  throttleTtlMs: whole(1000, 86_400_000, {
    unit: 'milliseconds',
    default: 60_000,
    env: 'THROTTLE_TTL_MS',
    says: 'Length of that window.',
  }),
};
