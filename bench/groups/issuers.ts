import type { Group } from '../bench';
import type { AppSetup, Platform } from '../bench-app';
import { guardedTurns } from '../guarded-turns';
import { measure, ratio, type Measure } from '../statistics';

const PLATFORMS: readonly Platform[] = ['express', 'fastify'];
const AS_BEFORE = { atMost: 1.03 };

/** `one`: its key is configured. `three`: their keys are fetched. */
const SETUPS = {
  one: { module: 'ours', signedBy: 'ES256' },
  three: { module: 'ours', signedBy: 'ES256', env: { ISSUERS: 'three' } },
} as const satisfies Record<string, Omit<AppSetup, 'platform'>>;

/** What several issuers with fetched keys cost a guarded route: CPU time of a request, and the ratio. */
export const issuers: Group = async (bench) => {
  const measures: Measure[] = [];
  for (const platform of PLATFORMS) {
    const scores = await guardedTurns(bench, { setups: SETUPS, platform });
    const cpu = (name: keyof typeof SETUPS) => scores(name, 'cpuMicros');
    measures.push(
      measure(`one issuer, ${platform}`, 'µs of CPU', cpu('one')),
      measure(`three issuers, ${platform}`, 'µs of CPU', cpu('three')),
      ratio(`three issuers ÷ one, ${platform}`, cpu('three'), cpu('one'), AS_BEFORE),
    );
  }
  return measures;
};
