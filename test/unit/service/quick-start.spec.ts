import { readEnvironment } from '../../../src/service/environment';
import { quickStart } from '../../../src/service/quick-start';
import { TokenVerifier } from '../../../src';

describe('The quick start', () => {
  it.each([undefined, '600'])('prints a token that is accepted, MAX_LIFETIME_SECONDS=%s', (max) => {
    const environment = readEnvironment({ MAX_LIFETIME_SECONDS: max });
    const key = 'k'.repeat(32);
    const text = quickStart('http://127.0.0.1:1', { ...environment, key });
    const verifier = new TokenVerifier({ ...environment.module, keys: key });
    expect(verifier.verify(/^TOKEN=(.*)$/m.exec(text)?.[1]).verdict).toBe('live');
  });
});
