import { execFileSync } from 'node:child_process';
import { readEnvironment } from '../../../src/service/environment';
import { quickStart } from '../../../src/service/quick-start';
import type { TokenRules } from '../../../src/tokens/verification/token-rules';
import { TokenVerifier } from '../../../src';

describe('The quick start', () => {
  it.each([undefined, '600'])('prints a token that is accepted, MAX_LIFETIME_SECONDS=%s', (max) => {
    const environment = readEnvironment({ MAX_LIFETIME_SECONDS: max });
    const key = 'k'.repeat(32);
    const text = quickStart('http://127.0.0.1:1', { ...environment, key });
    const verifier = new TokenVerifier({ ...environment.module, keys: key } as TokenRules);
    expect(verifier.verify(/^TOKEN=(.*)$/m.exec(text)?.[1]).verdict).toBe('live');
  });

  it('asks the audit in a schema and a folder of any name, in words that a shell takes', () => {
    const env = { DATABASE_SCHEMA: 'My "own" schema', DATA_DIR: "/tmp/it's here" };
    const text = quickStart('http://127.0.0.1:1', { ...readEnvironment(env), key: 'k'.repeat(32) });
    const [command = ''] = /^.* run --silent sql .*$/m.exec(text) ?? [];
    const show = `npm() { printf '%s\\n' "$DATA_DIR" "$@"; }; ${command}`;
    const words = execFileSync('sh', ['-c', show], { encoding: 'utf8' });
    expect(words).toContain("/tmp/it's here\n");
    expect(words).toContain('FROM "My ""own"" schema"."auth_events" ORDER BY');
  });
});
