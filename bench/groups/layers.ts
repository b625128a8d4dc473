import type { Group } from '../bench';
import type { AppSetup, Platform } from '../bench-app';
import { guardedTurns } from '../guarded-turns';
import { measure, ratio, type Measure } from '../statistics';
import { SESSION_CLAIMS } from '../tokens';

const PLATFORMS: readonly Platform[] = ['express', 'fastify'];
const AS_BEFORE = { atMost: 1.03 };

const TWO_HOURS_AGO = Math.floor(Date.now() / 1000) - 2 * 3600;

/**
 * `tokens`: single tokens are revoked, and nothing else. `layers`: sessions, users, clients and the
 * issuer are, too, and the token belongs to one of each; it is newer than each cutoff.
 */
const SETUPS = {
  tokens: { module: 'ours' },
  layers: {
    module: 'ours',
    claims: SESSION_CLAIMS,
    refused: { ...SESSION_CLAIMS, iat: TWO_HOURS_AGO },
    env: { REVOKED_BEFOREHAND: 'layers' },
  },
} as const satisfies Record<string, Omit<AppSetup, 'platform'>>;

/** What revoked sessions and cutoffs cost a guarded route: CPU time of a request, and the ratio. */
export const layers: Group = async (bench) => {
  const measures: Measure[] = [];
  for (const platform of PLATFORMS) {
    const scores = await guardedTurns(bench, { setups: SETUPS, platform });
    const cpu = (name: keyof typeof SETUPS) => scores(name, 'cpuMicros');
    measures.push(
      measure(`tokens alone, ${platform}`, 'µs of CPU', cpu('tokens')),
      measure(`every layer, ${platform}`, 'µs of CPU', cpu('layers')),
      ratio(`every layer ÷ tokens alone, ${platform}`, cpu('layers'), cpu('tokens'), AS_BEFORE),
    );
  }
  return measures;
};
