import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import type { TokenRules } from '../../../src/tokens/verification/token-rules';
import { ALL_SIGNERS, encode, mint, NOW, strangerTo, verifierOf } from './signers';

// jsonwebtoken has no EdDSA.
const COMMON = ALL_SIGNERS.flatMap((signer) => {
  const { algorithm } = signer;
  return algorithm === 'EdDSA' ? [] : [{ algorithm, signer }];
});

const ISSUERS = ['https://a.example', 'https://b.example'] as const;
const AUDIENCES = ['api', 'web'] as const;
const RULES: Partial<TokenRules> = {
  issuer: ISSUERS,
  audience: AUDIENCES,
  clockToleranceSeconds: 5,
  maxLifetimeSeconds: 600,
};

type Common = (typeof COMMON)[number];

function jsonwebtokenSays({ algorithm, signer }: Common, text: string, clockTolerance = 5) {
  try {
    return jwt.verify(text, signer.key, {
      algorithms: [algorithm],
      issuer: [...ISSUERS],
      audience: [...AUDIENCES],
      clockTimestamp: NOW,
      clockTolerance,
    });
  } catch (error) {
    return error instanceof jwt.TokenExpiredError ? 'expired' : 'refused';
  }
}

function weSay({ signer }: Common, text: string) {
  const verification = verifierOf(signer, RULES).verify(text);
  return verification.verdict === 'live' ? verification.token.claims : verification.verdict;
}

const name = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' });
const near = fc.integer({ min: -10, max: 10 }).map((offset) => NOW + offset);
const past = fc.integer({ min: -100, max: 0 }).map((offset) => NOW + offset);
const audience = fc.constantFrom(...AUDIENCES, 'other');

/** Claims in our form. jsonwebtoken does not look at `iat`, and knows no longest life. */
const wellFormed = fc.record(
  {
    sub: name,
    iat: past,
    exp: fc.integer({ min: -10, max: 400 }).map((offset) => NOW + offset),
    iss: fc.constantFrom(...ISSUERS, 'https://c.example'),
    aud: fc.oneof(audience, fc.array(audience, { maxLength: 3 })),
    nbf: fc.oneof(past, fc.constant(NOW + 60)),
    jti: name,
    role: fc.jsonValue(),
  },
  { requiredKeys: ['sub', 'iat', 'exp'] },
);

/** Claims of any form, with those of ours among them. */
const wild = fc.record(
  {
    sub: fc.oneof(name, fc.jsonValue()),
    iat: fc.oneof(near, fc.jsonValue()),
    exp: fc.oneof(near, near, fc.jsonValue()),
    iss: fc.constantFrom(...ISSUERS),
    aud: fc.oneof(audience, fc.jsonValue()),
    nbf: fc.oneof(near, fc.jsonValue()),
    jti: fc.oneof(name, fc.jsonValue()),
  },
  { requiredKeys: ['sub', 'iat', 'exp', 'iss', 'aud'] },
);

const header = (algorithm: string) =>
  fc.record(
    {
      alg: fc.oneof({ weight: 9, arbitrary: fc.constant(algorithm) }, fc.constant('none')),
      typ: fc.constantFrom('JWT', 'at+jwt', 'logout+jwt', 5),
      kid: fc.oneof(name, fc.constant('')),
      crit: fc.constant(['exp']),
    },
    { requiredKeys: ['alg'] },
  );

const runs = ({ algorithm }: Common) => ({ numRuns: /^[RP]S/.test(algorithm) ? 60 : 200 });

describe.each(COMMON)('$algorithm: jsonwebtoken and we', (common) => {
  const { algorithm, signer } = common;

  it('agree on tokens of our form, claims included', () => {
    const exact = fc.property(wellFormed, (claims) => {
      fc.pre(claims.iat < claims.exp);
      const text = mint(signer, claims);
      const theirs = jsonwebtokenSays(common, text);
      const ours = weSay(common, text);
      // They look at exp before issuer and audience, we after.
      expect(ours).toEqual(theirs === 'expired' && ours === 'refused' ? ours : theirs);
    });
    fc.assert(exact, runs(common));
  });

  it('agree where we accept: they do too, with the same claims', () => {
    const implied = fc.property(wild, header(algorithm), (claims, head) => {
      const text = mint(signer, claims, head);
      const ours = weSay(common, text);
      // We let iat and nbf lie one second ahead of the tolerance.
      const theirs = jsonwebtokenSays(common, text, 6);
      expect(typeof ours === 'object' ? theirs : ours).toEqual(ours);
    });
    fc.assert(implied, runs(common));
  });

  it('both refuse a token of which one byte was changed', () => {
    const claims = { sub: 'ada', iat: NOW, exp: NOW + 60, iss: ISSUERS[0], aud: AUDIENCES[0] };
    const text = mint(signer, claims);
    expect(weSay(common, text)).toEqual(claims);
    const tampered = fc.property(fc.nat(2), fc.nat(), fc.integer({ min: 1, max: 255 }), (...at) => {
      const changed = changeByte(text, ...at);
      expect([weSay(common, changed), jsonwebtokenSays(common, changed)]).toEqual([
        'refused',
        'refused',
      ]);
    });
    fc.assert(tampered, { numRuns: 200 });
  });

  it('both refuse a token of a stranger', () => {
    const text = mint(strangerTo(algorithm), { sub: 'ada', iat: NOW, exp: NOW + 60 });
    expect([weSay(common, text), jsonwebtokenSays(common, text)]).toEqual(['refused', 'refused']);
  });

  it('both take what jsonwebtoken signs', () => {
    const { signingKey } = signer;
    const claims = { sub: 'ada', iat: NOW, exp: NOW + 60, iss: ISSUERS[1], aud: AUDIENCES[1] };
    const text = jwt.sign(claims, signingKey, { algorithm, keyid: 'k1' });
    expect([weSay(common, text), jsonwebtokenSays(common, text)]).toEqual([claims, claims]);
  });
});

/** Changes one byte of one part by `mask`; the text stays in canonical form. */
function changeByte(text: string, part: number, position: number, mask: number): string {
  const parts = text.split('.').map((encoded) => Buffer.from(encoded, 'base64url'));
  const bytes = parts[part]!;
  bytes[position % bytes.length]! ^= mask;
  return parts.map(encode).join('.');
}
