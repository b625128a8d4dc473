import { readEnvironment } from '../../../src/service/environment';
import { trial } from '../../../src/service/trial';
import { TokenVerifier } from '../../../src';

describe('The trial', () => {
  it.each([undefined, '600'])('prints a token that is accepted, MAX_LIFETIME_SECONDS=%s', (max) => {
    const environment = readEnvironment({ MAX_LIFETIME_SECONDS: max });
    const key = 'k'.repeat(32);
    const text = trial('http://127.0.0.1:1', { ...environment, key });
    const verifier = new TokenVerifier({ ...environment.module, keys: key });
    expect(verifier.verify(/^TOKEN=(.*)$/m.exec(text)?.[1]).verdict).toBe('accepted');
  });
});
