import { readFileSync } from 'node:fs';
import { checkLookup } from '../../../src/revocation/revocation-form';
import { EVERY_ISSUER, SCOPES, TokenQuery } from '../../../src/tokens/scopes';
import type { Claims } from '../../../src/tokens/verification/claims';

const NAMES = Object.keys(SCOPES);
const CLAIMS: Claims = { sub: 'ada', iat: 10.0005, exp: 20 };

const readToken = (claims: Claims) => ({
  claims,
  subject: claims.sub === undefined ? undefined : String(claims.sub),
  sessionId: claims.sid,
  ownKeys: ['0'.repeat(64)],
  cutoffClaim: 'iat' as const,
});
const query = (claims: object = {}) => TokenQuery.of(readToken({ ...CLAIMS, ...claims }));

describe('The scopes', () => {
  it.each([
    ['revoked_tokens', 'migrations/1795132800001-create-revoked-tokens.ts'],
    ['auth_events', 'migrations/1795132800002-create-auth-events.ts'],
  ])('are those that %s takes', (_, file) => {
    const [, listed = ''] = /CHECK \(scope IN \(([^)]*)\)\)/.exec(readFileSync(file, 'utf8')) ?? [];

    expect(listed.split(/,\s+/).toSorted()).toEqual(NAMES.map((name) => `'${name}'`).toSorted());
  });

  it('are absolute where revoked_tokens says so', () => {
    const sql = readFileSync('migrations/1795132800001-create-revoked-tokens.ts', 'utf8');
    const [, listed = ''] = /CHECK \(scope NOT IN \(([^)]*)\) OR/.exec(sql) ?? [];
    const absolute = Object.entries(SCOPES).filter(([, { kind }]) => kind === 'absolute');

    expect(listed.split(', ')).toEqual(absolute.map(([name]) => `'${name}'`));
  });

  it('give a token a key for each of its names', () => {
    const { absolute, cutoffs } = query();
    expect([absolute.length, cutoffs.length]).toEqual([1, 3]);

    const all = query({ iss: 'i', sid: 's', client_id: 'c', azp: 'p' });
    expect([all.absolute.length, all.cutoffs.length]).toEqual([2, 6]);
    expect(new Set([...all.absolute, ...all.cutoffs.map(({ key }) => key)]).size).toBe(8);
    expect(query({ client_id: 'c', azp: 'c' }).cutoffs).toHaveLength(4);
    expect(query({ azp: 'p', client_id: 'c', cid: 'o', appid: 'a' }).cutoffs).toHaveLength(7);
    expect(query({ cid: { id: 1 }, appid: '' }).cutoffs).toHaveLength(3);
  });

  it('take an integer for another session than its digits, and for the same subject and client', () => {
    const integers = query({ sub: 5, sid: 5, client_id: 5, azp: '5', iss: 'i' });
    const texts = query({ sub: '5', sid: '5', client_id: '5', iss: 'i' });

    expect(integers.session).not.toBe(texts.session);
    expect(integers.cutoffs).toEqual(texts.cutoffs);
  });

  it('are revoked by their session as text, also where they have it as an integer', () => {
    const text = query({ sid: '5', iss: 'i' });
    const integer = query({ sid: 5, iss: 'i' });

    expect(integer.absolute).toEqual([text.absolute[0], text.session, integer.session]);
    expect(text.absolute).not.toContain(integer.session);
  });

  it('tell issuers apart that take turns', () => {
    const issuerOf = (iss: string): unknown => query({ iss }).cutoffs.at(-1);

    expect(issuerOf('a')).toEqual(issuerOf('a'));
    expect(issuerOf('b')).not.toEqual(issuerOf('a'));
    expect(issuerOf('a')).not.toEqual(issuerOf('b'));
  });

  it('date a token by the millisecond that it was issued in', () => {
    expect(query().cutoffs[0]?.at).toBe(10_000);
  });

  it('date a token without iat before every cutoff', () => {
    expect(query({ iat: undefined }).cutoffs[0]?.at).toBe(0);
  });

  it('give a token without a subject no key of one', () => {
    expect(query({ sub: undefined }).cutoffs.map(({ key }) => key)).toEqual([EVERY_ISSUER]);
    expect(query({ sub: undefined, iss: 'i' }).cutoffs).toHaveLength(2);
  });

  it.each([1.8e12, 1e18, 1e300])(
    'ask about a token that was issued at %s with a valid instant',
    (iat) => {
      const asked = query({ iat, exp: 2 * iat });

      expect(() => {
        checkLookup({ absolute: asked.absolute, cutoffs: asked.cutoffs });
      }).not.toThrow();
    },
  );

  it('are those of the token as it was read, whatever is written to its claims since', () => {
    const names = { iss: 'i', client_id: 'c', azp: 'p', cid: 'o' };
    const claims: Record<string, unknown> = { ...CLAIMS, ...names };
    const asked = TokenQuery.of(readToken(claims as Claims));
    Object.assign(claims, { iss: 'other', client_id: 'd', azp: 'd', cid: 'd', iat: 15 });
    expect(asked.cutoffs).toEqual(query(names).cutoffs);
  });

  it('cannot be changed in a token that is remembered', () => {
    const asked = query();
    const { absolute, cutoffs } = asked;
    expect([asked, absolute, cutoffs, cutoffs[0]].every(Object.isFrozen)).toBe(true);
  });
});
