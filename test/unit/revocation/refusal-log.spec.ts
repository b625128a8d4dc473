import { explainRevoked } from '../../../src/revocation/reason-explanations';
import { RefusalLog } from '../../../src/revocation/refusal-log';
import { verifiedToken } from '../../../src/testing/test-token';

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

  it('says once that tokens have no jti, and once that they have no iat', () => {
    const exp = 1;
    for (const claims of [{ exp, iat: 0 }, { exp, jti: 'a' }, { exp }, { exp, iat: 0, jti: 'a' }])
      log.noteMissing(claims);
    expect(lines).toEqual([
      expect.stringContaining('A token was accepted. It has no jti'),
      expect.stringContaining('A token was accepted. It has no iat'),
    ]);
  });

  it('says for each issuer, once a minute, that a logout did not end the session', () => {
    for (const issuer of ['https://a.example', 'https://a.example', undefined])
      log.noteWithoutSession(issuer);
    expect(lines).toEqual([
      expect.stringMatching(
        /^A logout with a token of the issuer "https:\/\/a.example" ended that token alone\. It names no session, and logoutCovers is "session"\. .* sessionClaim/,
      ),
      expect.stringMatching(/^A logout with a token ended that token alone\./),
    ]);
  });

  it('names all that may refuse a new login, of a token that was logged out', () => {
    const remedy = (claims: object): string => explainRevoked(verifiedToken(claims)).remedy;
    const [REPEATED, NO_ID, SESSION, NO_TIME] = [
      'set tokenIdentity: "signed-part"',
      'It has no jti',
      'end the session at its issuer',
      'It has no iat',
    ];
    const all = [REPEATED, NO_ID, SESSION, NO_TIME];
    const said = (claims: object) => all.filter((each) => remedy(claims).includes(each));
    expect(said({ jti: 'a', iat: 1 })).toEqual([REPEATED]);
    expect(said({ jti: undefined, iat: 1 })).toEqual([NO_ID]);
    expect(said({ jti: 'a', iat: 1, sid: 's' })).toEqual([REPEATED, SESSION]);
    expect(said({ jti: 'a', iat: undefined })).toEqual([REPEATED, NO_TIME]);
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
