import fc from 'fast-check';
import { compactVerify } from 'jose';
import { PublishedKeys } from '../../../src/tokens/jwks/published-keys';
import { TokenVerifier, type Verification } from '../../../src/tokens/verification/token-verifier';
import type { MultiIssuerRules } from '../../../src/tokens/verification/token-rules';
import { DocumentServer } from '../../support/document-server';
import { NOW } from '../../unit/tokens/signers';
import {
  issuers,
  minted,
  tokens,
  type Drawn,
  type Issuer,
  type Key,
  type Token,
} from './random-issuers';

const algorithmsOf = ({ keys }: Issuer) => [...new Set(keys.map(({ signer }) => signer.algorithm))];

/** A verifier that was given the keys. */
function configured(all: readonly Issuer[]): Promise<TokenVerifier> {
  const rules: MultiIssuerRules = {
    issuers: all.map((issuer) => ({
      issuer: issuer.name,
      audience: null,
      algorithms: algorithmsOf(issuer),
      keys: issuer.keys.map(({ signer: { key, algorithm }, kid }) => ({ key, kid, algorithm })),
      sessionClaim: issuer.sessionClaim,
    })),
  };
  return Promise.resolve(new TokenVerifier(rules, () => NOW * 1000));
}

/** A verifier that has fetched them, each issuer's from its own address. Secrets have none. */
async function fetching(all: readonly Issuer[], server: DocumentServer): Promise<TokenVerifier> {
  server.answer = (response, { url = '' }) => {
    const { keys = [] } = all[Number(new URL(url, server.url).searchParams.get('issuer'))] ?? {};
    const jwks = keys.map(({ signer: { key, algorithm }, kid }) => ({
      ...key.export({ format: 'jwk' }),
      alg: algorithm,
      kid,
    }));
    response.end(JSON.stringify({ keys: jwks }));
  };
  const rules: MultiIssuerRules = {
    issuers: all.map((issuer, at) => ({
      issuer: issuer.name,
      audience: null,
      algorithms: algorithmsOf(issuer),
      jwksUri: `${server.url}?issuer=${at}`,
      sessionClaim: issuer.sessionClaim,
    })),
  };
  const published = new PublishedKeys();
  const verifier = new TokenVerifier(rules, () => NOW * 1000, 'access', undefined, published);
  const onError = (error: Error): void => {
    throw error;
  };
  await published.open({ onError, onRecovery: () => undefined });
  published.close(); // what it has it keeps
  return verifier;
}

/** The issuers without their secrets. */
const withoutSecrets = (all: readonly Issuer[]): readonly Issuer[] =>
  all
    .map(({ keys, ...issuer }) => ({
      ...issuer,
      keys: keys.filter(({ signer }) => signer.key.type === 'public'),
    }))
    .filter(({ keys }) => keys.length > 0);

/** The keys whose signature counts, by the words of docs/options.md alone. */
function keysFor({ iss, kid, alg }: Token, all: readonly Issuer[]): readonly Key[] {
  const { keys = [] } = all.find(({ name }) => name === iss) ?? {};
  const isKnown = keys.some((key) => key.kid !== undefined && key.kid === kid);
  return keys
    .filter(({ signer }) => signer.algorithm === alg)
    .filter((key) => kid === undefined || key.kid === (isKnown ? kid : undefined));
}

async function isSigned({ text, alg }: Token, { signer }: Key): Promise<boolean> {
  const verified = compactVerify(text, signer.key, { algorithms: [alg] });
  return verified.then(
    () => true,
    () => false,
  );
}

/** Whether what may name the session of the token is of its form, by docs/your-token.md. */
function isWellNamed({ iss, sessions }: Token, all: readonly Issuer[]): boolean {
  const { sessionClaim = '' } = all.find(({ name }) => name === iss) ?? {};
  return Object.entries(sessions)
    .filter(([claim]) => claim === 'sid' || claim === sessionClaim)
    .every(([, value]) => Number.isInteger(value) || (typeof value === 'string' && value !== ''));
}

/** What jose says, given one key after the other. @returns its session, where it is accepted. */
async function oracle(token: Token, all: readonly Issuer[]): Promise<Outcome> {
  const verdicts = await Promise.all(keysFor(token, all).map((key) => isSigned(token, key)));
  if (!verdicts.includes(true) || !isWellNamed(token, all)) return { isAccepted: false };
  const { sessionClaim = '' } = all.find(({ name }) => name === token.iss) ?? {};
  const [, sessionId] =
    Object.entries(token.sessions).find(([claim]) => claim === sessionClaim) ?? [];
  return { isAccepted: true, sessionId };
}

interface Outcome {
  readonly isAccepted: boolean;
  readonly sessionId?: unknown;
}

function outcomeOf(verification: Verification): Outcome {
  if (verification.verdict !== 'live') return { isAccepted: false };
  return { isAccepted: true, sessionId: verification.token.sessionId };
}

/** Whether any key of the issuer that the token names has signed it, whatever else it says. */
async function isOfItsIssuer(token: Token, all: readonly Issuer[]): Promise<boolean> {
  const { keys = [] } = all.find(({ name }) => name === token.iss) ?? {};
  const verdicts = await Promise.all(keys.map((key) => isSigned(token, key)));
  return verdicts.includes(true);
}

/** @returns how many tokens were accepted; fails where jose and we disagree on one. */
async function compare(
  verifier: TokenVerifier,
  all: readonly Issuer[],
  drawn: readonly Drawn[],
): Promise<number> {
  let accepted = 0;
  for (const token of drawn.map((each) => minted(each, all))) {
    const outcome = outcomeOf(verifier.verify(token.text));
    if (outcome.isAccepted) accepted += 1;
    expect({ ...token, ...outcome }).toEqual({ ...token, ...(await oracle(token, all)) });
  }
  return accepted;
}

describe('Of whatever issuers, keys and tokens', () => {
  let server: DocumentServer;
  beforeAll(async () => {
    server = await DocumentServer.start();
  });
  afterAll(() => server.close());

  it('a token is accepted exactly where a naive verifier made of jose accepts it', async () => {
    let accepted = 0;
    const agree = fc.asyncProperty(issuers, tokens, async (all, drawn) => {
      accepted += await compare(await configured(all), all, drawn);
    });
    await fc.assert(agree, { numRuns: 150 });
    expect(accepted).toBeGreaterThan(200); // some 350 are
  });

  it('so it is where the keys are fetched', async () => {
    let accepted = 0;
    const agree = fc.asyncProperty(issuers.map(withoutSecrets), tokens, async (all, drawn) => {
      fc.pre(all.length > 0);
      accepted += await compare(await fetching(all, server), all, drawn);
    });
    await fc.assert(agree, { numRuns: 100 });
    expect(accepted).toBeGreaterThan(80); // some 170 are
  });

  it('no key vouches for another issuer, and what is accepted may be genuine', async () => {
    const vouched = fc.asyncProperty(issuers, tokens, async (all, drawn) => {
      const verifier = await configured(all);
      for (const token of drawn.map((each) => minted(each, all))) {
        if (verifier.verify(token.text).verdict !== 'live') continue;
        const genuine = verifier.presentedIn(token.text)?.map((one) => verifier.genuineness(one));
        expect([await isOfItsIssuer(token, all), genuine]).toEqual([true, ['genuine']]);
      }
    });
    await fc.assert(vouched, { numRuns: 150 });
  });
});
