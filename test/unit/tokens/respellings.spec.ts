import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import type { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { ecdsaTwin, RESPELLINGS, REWRITINGS } from './respelled';
import { ALL_SIGNERS, CLAIMS, mint, NOW, SIGNERS, verifierOf } from './signers';

/** Hex of the token's identity, `undefined` for a token that is not accepted. */
function identityOf(verifier: TokenVerifier, text: string): string | undefined {
  const verification = verifier.verify(text);
  return verification.verdict === 'live' ? verification.token.revocationKey : undefined;
}

const someClaims = fc.record({
  sub: fc.string({ minLength: 1, maxLength: 9, unit: 'grapheme-ascii' }),
  scope: fc.string({ maxLength: 30 }),
});

describe.each(ALL_SIGNERS)('$algorithm: whatever spelling of a token is accepted', (signer) => {
  const verifier = verifierOf(signer);
  const numRuns = /^[RP]S/.test(signer.algorithm) ? 6 : 20; // signing with RSA takes long

  it.each(Object.entries(RESPELLINGS))('%s: it is the same token', (_what, respell) => {
    fc.assert(
      fc.property(someClaims, fc.boolean(), (extra, hasJti) => {
        const jti = hasJti ? 'j1' : undefined;
        const text = mint(signer, { ...CLAIMS, ...extra, jti });
        const identity = identityOf(verifier, text);
        expect(identity).toMatch(/^[0-9a-f]{64}$/);
        expect([identity, undefined]).toContain(identityOf(verifier, respell(text, signer)));
      }),
      { numRuns },
    );
  });

  it.each(Object.entries(REWRITINGS))('%s: it is the same token by its jti', (_what, rewrite) => {
    const text = mint(signer, { ...CLAIMS, iss: 'a', jti: 'j1' });
    const rewritten = rewrite(text, signer);
    expect(rewritten).not.toBe(text);
    expect(identityOf(verifier, rewritten)).toBe(identityOf(verifier, text));
    expect(identityOf(verifier, text)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('spellings that do verify', () => {
  it.each(['ES256', 'ES384', 'ES512'] as const)('%s: the twin is another text', (algorithm) => {
    const signer = SIGNERS[algorithm];
    const text = mint(signer, CLAIMS);
    const twin = ecdsaTwin(text, signer);
    expect(twin).not.toBe(text);
    expect(identityOf(verifierOf(signer), twin)).toBe(identityOf(verifierOf(signer), text));
    expect(identityOf(verifierOf(signer), twin)).toBeDefined();
  });

  it.each(['PS256', 'ES256'] as const)('%s: each signature is another one', (algorithm) => {
    const signer = SIGNERS[algorithm];
    const [text, again] = [mint(signer, CLAIMS), mint(signer, CLAIMS)];
    expect(again).not.toBe(text);
    expect(identityOf(verifierOf(signer), again)).toBe(identityOf(verifierOf(signer), text));
  });
});

describe('spellings that jsonwebtoken 9 takes for the same token, and we for none', () => {
  it.each([
    ['RS256', 'unused bits of the signature'],
    ['ES256', 'unused bits of the signature'],
    ['PS256', 'unused bits of the signature'],
  ] as const)('%s: %s', (algorithm, what) => {
    const signer = SIGNERS[algorithm];
    const respelled = RESPELLINGS[what]!(mint(signer, CLAIMS), signer);
    expect(jwt.verify(respelled, signer.key, { clockTimestamp: NOW })).toEqual(CLAIMS);
    expect(verifierOf(signer).verify(respelled)).toEqual({ verdict: 'refused', cause: 'form' });
  });
});
