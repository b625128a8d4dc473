import { randomBytes } from 'node:crypto';
import type { DynamicModule } from '@nestjs/common';
import { AuthModule } from '../nest/auth.module';
import type { AuthModuleOptions, ModuleExtras } from '../nest/auth.options';
import { MemoryRevocationStore } from '../stores/memory/revocation-store.memory';
import { warnInProduction } from './production';
import { completeClaims, signToken, type TestClaims } from './test-token';

/** What a test may say of its `LogoutModule`; all of it is optional. */
export interface LogoutTestingOptions
  extends Partial<Omit<AuthModuleOptions, 'store' | 'keys' | 'algorithms'>>, Partial<ModuleExtras> {
  /**
   * The time by which tokens are issued and expire, in ms since the epoch.
   * @defaultValue that of `Date.now()`, read with each question: fake timers move it
   */
  readonly now?: () => number;
  /** The secret of HS256, of at least 32 bytes. @defaultValue a random one */
  readonly secret?: string;
}

/**
 * A `LogoutModule` for tests: its revocations are in memory, and the tokens of `mint` are good.
 *
 * @example
 * const logout = new LogoutTesting();
 * const fixture = await Test.createTestingModule({ imports: [logout.module, CatsModule] }).compile();
 * await request(server).get('/me').set('Authorization', `Bearer ${logout.mint({ sub: 'ada' })}`);
 */
export class LogoutTesting {
  readonly module: DynamicModule;
  readonly store: MemoryRevocationStore;
  private readonly secret: string;
  private readonly now: () => number;
  private readonly issuedBy: object;

  /** @throws {TypeError} an option is not what it must be. */
  constructor({ now, secret, ...options }: LogoutTestingOptions = {}) {
    warnInProduction('LogoutTesting', 'what was logged out is forgotten at a restart');
    this.now = now ?? (() => Date.now());
    this.secret = secret ?? randomBytes(32).toString('base64url');
    this.store = new MemoryRevocationStore(this.now);
    const { issuer = null, audience = null } = options;
    this.issuedBy = { iss: first(issuer), aud: first(audience) };
    this.module = AuthModule.forRoot({
      ...options,
      issuer,
      audience,
      algorithms: ['HS256'],
      keys: this.secret,
      store: this.store,
    });
  }

  /**
   * A token that is accepted: issued now, good for ten minutes, of the subject "test-user", with a
   * `jti` of its own and the configured issuer and audience.
   * @param claims what is to be otherwise; `undefined` leaves a claim out.
   */
  mint(claims: TestClaims = {}): string {
    return signToken(completeClaims({ ...this.issuedBy, ...claims }, this.now()), this.secret);
  }
}

function first(names: string | readonly string[] | null): string | undefined {
  return typeof names === 'string' ? names : names?.[0];
}
