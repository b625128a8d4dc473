import { RefusalLog } from '../../../src/revocation/refusal-log';

const MINUTE_MS = 60_000;

describe('The log of refusals', () => {
  let lines: string[];
  let nowMs: number;
  let log: RefusalLog;
  beforeEach(() => {
    lines = [];
    nowMs = 0;
    log = new RefusalLog(
      (line) => lines.push(line),
      () => nowMs,
    );
  });

  it('says which claim is at fault, what it is, and what to do', () => {
    log.explain('claims', () => ({ member: 'exp', found: 'absent', remedy: 'Sign with it.' }));
    expect(lines).toEqual(['Refused, claims: "exp" is absent. Sign with it.']);
  });

  it('has one line for a reason and minute, and counts the others', () => {
    for (let refusal = 0; refusal < 100; refusal += 1) log.say('token_missing');
    log.say('bad_request');
    nowMs = MINUTE_MS;
    log.say('token_missing');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toContain('token_missing (and 99 more since the last such line): ');
  });

  it('asks for no explanation that it would not print', () => {
    log.explain('claims', () => ({ remedy: 'a' }));
    const never = (): never => {
      throw new Error('asked');
    };
    log.explain('claims', never);
    new RefusalLog().explain('claims', never);
    expect(lines).toHaveLength(1);
  });

  it('leaves outages to the log of errors, and what a token must explain to that token', () => {
    for (const reason of [
      'store_unavailable',
      'internal_error',
      'claims',
      'token_revoked',
    ] as const)
      log.say(reason);
    expect(lines).toEqual([]);
  });

  it('says for each caller of introspection, once a minute, why a live token is inactive to it', () => {
    for (const caller of ['billing', 'billing', 'claims'])
      log.explainInactive(caller, () => 'It is.');
    log.explain('claims', () => ({ remedy: 'a' }));
    nowMs = MINUTE_MS;
    log.explainInactive('billing', () => 'It is.');
    expect(lines).toEqual([
      'Answered inactive to the caller "billing": It is.',
      'Answered inactive to the caller "claims": It is.',
      'Refused, claims: a',
      'Answered inactive to the caller "billing" (and 1 more since the last such line): It is.',
    ]);
  });

  it('says once that tokens have no jti', () => {
    log.noteMissingId();
    log.noteMissingId();
    expect(lines).toEqual([expect.stringContaining('It has no jti')]);
  });

  it('has no control characters, and survives a printer that throws', () => {
    log.explain('issuer', () => ({ member: 'iss', found: '"a\u202eb\n"', remedy: '' }));
    expect(lines[0]).toContain('"a\\u202eb\\u000a"');
    const broken = new RefusalLog(() => {
      throw new Error('full');
    });
    expect(() => {
      broken.say('token_missing');
    }).not.toThrow();
  });
});
