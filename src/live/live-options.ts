import { whole } from '../options/option';

/** For every face. */
export const LIVE_OPTIONS = {
  liveGraceMs: whole(400, 600_000, {
    unit: 'milliseconds',
    default: 4000,
    says: 'How long an open connection may stay while nothing can tell whether its token is revoked.',
  }),
};
