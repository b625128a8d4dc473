import { randomBytes, randomUUID } from 'node:crypto';
import { AUDIENCE, ISSUER } from '../support/tokens';
import { generate, seconds } from './generators';
import { lenientSpellings, RESPELLINGS } from './respellings';
import type { RunAlgorithm, Signer } from './signing';
import { RawText, textOf, type Value } from './templates';
import { makeToken, type TokenRecipe } from './token-recipe';

export const PROTECTED_PATH = '/api/v1/auth/me';

export type Claims = Readonly<Record<string, unknown>>;

/** What the values of templates need from their run. */
export interface TokenTools {
  readonly algorithm: RunAlgorithm;
  readonly issuer: Signer;
  readonly attacker: Signer;
  readonly canaryUrl: string;
  /** Keeps every token that is used: none of them may be found anywhere afterwards. */
  remember(token: string): void;
  /** A token of the service's issuer. */
  mint(claims: Claims): string;
  /** Logs a live token out. */
  revoke(token: string): Promise<void>;
  isAccepted(token: string): Promise<boolean>;
}

/** Good claims; issued early enough for an `exp` that lies a minute back. */
export function claimsOf(sub: string, expiresInSeconds: number): Claims {
  const now = seconds();
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub,
    jti: randomUUID(),
    // Makes both characters in which the base64 alphabets differ appear in every payload.
    note: '~~~???',
    iat: now - 120,
    exp: now + expiresInSeconds,
  };
}

interface CaseUsers {
  readonly userId: string;
  readonly otherUserId: string;
  readonly claims: Claims;
  /** By expression. */
  readonly known: Map<string, Promise<Value>>;
}

function newUsers(): CaseUsers {
  const id = randomBytes(6).toString('hex');
  const userId = `user-${id}`;
  return { userId, otherUserId: `other-${id}`, claims: claimsOf(userId, 600), known: new Map() };
}

/** What templates stand for in one run of a case: the same name is the same token throughout it. */
export class TemplateValues {
  constructor(
    private readonly tools: TokenTools,
    private readonly recipes: Readonly<Record<string, TokenRecipe>>,
    /** Of `variants`, and `i`. */
    private readonly given: Readonly<Record<string, string | number>> = {},
    private readonly users = newUsers(),
  ) {}

  /** The same users and tokens in another iteration. */
  with(given: Readonly<Record<string, string | number>>): TemplateValues {
    return new TemplateValues(this.tools, this.recipes, { ...this.given, ...given }, this.users);
  }

  get userId(): string {
    return this.users.userId;
  }

  /** Of `{{valid_token}}`. */
  get claims(): Claims {
    return this.users.claims;
  }

  /**
   * What stands for an expression, such as `valid_token|append:x` or `now+60`.
   * @throws {Error} it is unknown.
   */
  readonly evaluate = async (expression: string, preceding = ''): Promise<Value> => {
    const generated = generate(expression, preceding);
    if (generated !== undefined) return generated;
    const known = this.users.known.get(expression);
    if (known !== undefined) return known;
    const value = this.piped(expression);
    if (!Object.hasOwn(this.given, expression)) this.users.known.set(expression, value);
    return value;
  };

  /** A token, or whatever text the expression stands for. */
  async text(expression: string): Promise<string> {
    return textOf(await this.evaluate(expression));
  }

  private async piped(expression: string): Promise<Value> {
    const [name = '', ...pipes] = expression.split('|');
    let value = await this.named(name);
    for (const pipe of pipes) value = await this.respelled(textOf(value), pipe);
    if (typeof value === 'string') this.tools.remember(value);
    return value;
  }

  private async respelled(token: string, pipe: string): Promise<string> {
    const [, name = '', argument = ''] = /^([^:]*)(?::(.*))?$/s.exec(pipe) ?? [];
    if (name === 'any_accepted_variant') return this.anyAcceptedSpelling(token);
    const respell = Object.hasOwn(RESPELLINGS, name) ? RESPELLINGS[name] : undefined;
    if (respell === undefined) throw new Error(`Unknown pipe: "${pipe}"`);
    return respell(token, argument, this.tools.issuer);
  }

  /** Another text that the service takes for the token; the token itself where there is none. */
  private async anyAcceptedSpelling(token: string): Promise<string> {
    for (const spelling of lenientSpellings(token, this.tools.issuer)) {
      if (spelling !== token && (await this.tools.isAccepted(spelling))) return spelling;
    }
    return token;
  }

  private async named(name: string): Promise<Value> {
    const recipe = Object.hasOwn(this.recipes, name) ? this.recipes[name] : undefined;
    if (recipe !== undefined) {
      const { algorithm, issuer, attacker } = this.tools;
      return makeToken(recipe, { algorithm, issuer, attacker, evaluate: this.evaluate });
    }
    const given = Object.hasOwn(this.given, name) ? this.given[name] : undefined;
    if (given !== undefined) return given;
    const known = Object.hasOwn(this.templates, name) ? this.templates[name] : undefined;
    if (known === undefined) throw new Error(`Unknown template: {{${name}}}`);
    return known();
  }

  private readonly templates: Readonly<Record<string, () => Value | Promise<Value>>> = {
    valid_claims: () => this.claims,
    valid_token: () => this.tools.mint(this.claims),
    valid_token_2: () => this.tools.mint(claimsOf(this.userId, 600)),
    other_user_token: () => this.tools.mint(claimsOf(this.users.otherUserId, 600)),
    expired_token: () => this.tools.mint(claimsOf(this.userId, -60)),
    revoked_token: async () => {
      const token = this.tools.mint(claimsOf(this.userId, 600));
      await this.tools.revoke(token);
      return token;
    },
    random_jwt: () => this.foreignToken(),
    user_id: () => this.userId,
    other_user_id: () => this.users.otherUserId,
    protected_path: () => PROTECTED_PATH,
    alg: () => this.tools.algorithm,
    typ: () => 'JWT',
    canary_url: () => this.tools.canaryUrl,
    attacker_public_jwk: () => ({ ...this.tools.attacker.rsa.publicKey.export({ format: 'jwk' }) }),
    lone_surrogate: () => '\ud800',
    raw_json_dup_exp: () => this.claimsWithTwoExpiries(),
  };

  /** Well made, but not by the service's issuer. */
  private foreignToken(): string {
    const { attacker, algorithm } = this.tools;
    const [header = '', payload = ''] = this.tools.mint(claimsOf(this.userId, 600)).split('.');
    const signature = attacker.sign(algorithm, `${header}.${payload}`)?.toString('base64url');
    return `${header}.${payload}.${signature ?? ''}`;
  }

  /** The first of the two is good, the last has passed. */
  private claimsWithTwoExpiries(): RawText {
    const once = JSON.stringify(this.claims);
    return new RawText(Buffer.from(`${once.slice(0, -1)},"exp":${seconds() - 60}}`));
  }
}
