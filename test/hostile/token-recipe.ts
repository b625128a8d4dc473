import { composeJson, type Evaluate, textOf, wholeTemplate } from './templates';
import { hmac, type RunAlgorithm, signatureLength, type Signer } from './signing';

/** How a case makes a token of its own. */
export interface TokenRecipe {
  /** A token to copy, then to override. */
  readonly $base?: string;
  readonly header?: unknown;
  readonly payload?: unknown;
  readonly key: string;
}

/** Who is there to sign, and what a token is made from where the recipe says nothing. */
export interface TokenContext {
  readonly algorithm: RunAlgorithm;
  readonly issuer: Signer;
  readonly attacker: Signer;
  readonly evaluate: Evaluate;
}

interface Draft extends TokenContext {
  /** The header's `alg`, whatever it is. */
  readonly named: string;
  readonly input: string;
}

type Sign = (draft: Draft, validToken: string) => Buffer | string;

/** Whose key signs, by the name the recipe gives it. */
const KEYS: Readonly<Record<string, Sign>> = {
  server: ({ issuer, named, input, algorithm }) =>
    (fits(named, algorithm) ? issuer.sign(named, input) : undefined) ??
    signed(issuer, algorithm, input),
  server_forced: ({ issuer, algorithm, input }) => signed(issuer, algorithm, input),
  attacker: ({ attacker, named, input }) => attacker.sign(named, input) ?? hmac(named, input, 'x'),
  attacker_rsa: ({ attacker, named, input }) =>
    signed(attacker, /^[RP]S\d{3}$/.test(named) ? named : 'RS256', input),
  empty: ({ named, input }) => hmac(named, input, ''),
  '1': ({ named, input }) => hmac(named, input, '1'),
  none: () => '',
  keep_signature: (_, validToken) => validToken.slice(validToken.lastIndexOf('.') + 1),
  zero_signature: ({ named }) => Buffer.alloc(signatureLength(named)),
  server_public_pem_as_hmac: ({ issuer, algorithm, named, input }) =>
    hmac(named, input, issuer.publicPem(algorithm)),
};

/**
 * The token of a recipe.
 * @throws {Error} its key is unknown.
 */
export async function makeToken(recipe: TokenRecipe, context: TokenContext): Promise<string> {
  const valid = textOf(await context.evaluate(baseOf(recipe), ''));
  const [validHeader = '', validPayload = ''] = valid.split('.');
  const isWhole = recipe.header === null && recipe.payload === null;
  if (isWhole && recipe.key.startsWith('literal:')) return recipe.key.slice('literal:'.length);
  const header = await part(recipe.header, validHeader, context);
  const payload = await part(recipe.payload, validPayload, context);
  const input = `${header}.${payload}`;
  const draft = { ...context, named: nameOf(header), input };
  if (recipe.key === 'json_serialisation') return jsonSerialisation(draft, header, payload);
  const signature = signerOf(recipe.key)(draft, valid);
  return `${input}.${typeof signature === 'string' ? signature : signature.toString('base64url')}`;
}

/** An expression: the token that is copied, kept the signature of, or spelled as JSON. */
function baseOf({ $base }: TokenRecipe): string {
  if ($base === undefined) return 'valid_token';
  const expression = wholeTemplate($base);
  if (expression === undefined) throw new Error(`A recipe's $base is no template: ${$base}`);
  return expression;
}

function signerOf(key: string): Sign {
  if (key.startsWith('literal:'))
    return ({ named, input }) => hmac(named, input, key.slice('literal:'.length));
  const sign = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
  if (sign === undefined) throw new Error(`Unknown key of a token: "${key}"`);
  return sign;
}

/** A part in base64url: what the recipe says, or what stands in the token that is copied. */
async function part(
  template: unknown,
  copied: string,
  { evaluate }: TokenContext,
): Promise<string> {
  if (template === undefined || template === null) return copied;
  return (await composeJson(template, evaluate)).toString('base64url');
}

function nameOf(header: string): string {
  try {
    const { alg } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg?: unknown };
    return typeof alg === 'string' ? alg : '';
  } catch {
    return ''; // no JSON object, on purpose
  }
}

/** Whether the service's key can be used with the algorithm that the header names. */
function fits(named: string, algorithm: RunAlgorithm): boolean {
  const family = (name: string): string => name.slice(0, 2).replace('PS', 'RS');
  return family(named) === family(algorithm);
}

function signed(signer: Signer, algorithm: string, input: string): Buffer {
  const signature = signer.sign(algorithm, input);
  if (signature === undefined) throw new Error(`No key signs with ${algorithm}.`);
  return signature;
}

/** RFC 7515 §7.2.2, genuine in all but its form. */
function jsonSerialisation(draft: Draft, header: string, payload: string): string {
  const signature = signed(draft.issuer, draft.algorithm, draft.input).toString('base64url');
  return JSON.stringify({ payload, protected: header, signature });
}
