import type { RemovalCount } from '../metrics/removal-count';
import type { TokenRevocationCheck } from '../revocation/token-revocation-check';
import { credentialsOf, takeAway, type Credential } from './credentials';
import type { EnforcementRules } from './enforcement-options';
import { sourceOf, type IncomingRequest } from './request';
import type { LookUpsOfRequest, RequestAuthenticator } from './request-authenticator';

/** `refuse`: a revoked token came in a way that it cannot be taken away. */
export type EnforcementOutcome = 'pass' | 'refuse';

/**
 * Takes revoked tokens away from requests, before anything of the host's reads them: the host's own
 * guards then refuse as they refuse a request without a token. It lets nothing in, and refuses no
 * request by itself, so public routes stay open.
 */
export class Enforcement {
  constructor(
    private readonly tokens: TokenRevocationCheck,
    private readonly authenticator: RequestAuthenticator,
    private readonly rules: EnforcementRules,
    private readonly removals: RemovalCount,
    /** Makes the store ready to be asked. */
    private readonly open: () => Promise<void> = () => Promise.resolve(),
  ) {}

  /** Whether all that is refused can be taken away: not what a function of the host's finds. */
  get takesAll(): boolean {
    return !this.rules.tokenSources.some((source) => typeof source === 'function');
  }

  /**
   * At once where memory knows every token that the request carries.
   * @throws {StoreUnavailableError} rejects with it: whether a genuine token is revoked cannot be
   * told now. What cannot be told is taken away too.
   * @param isOurs whether a route of ours takes the request: that one checks its token itself, and
   * needs it to say what became of it. Asked only where memory does not know all tokens as live.
   */
  inspect(
    request: IncomingRequest,
    isOurs: () => boolean = () => false,
  ): EnforcementOutcome | Promise<EnforcementOutcome> {
    if (isExcepted(request.url ?? '', this.rules.enforceExcept)) return 'pass';
    const credentials = credentialsOf(request, this.rules.tokenSources);
    if (credentials.every((credential) => this.isKnownLive(credential))) return 'pass';
    if (isOurs()) return 'pass';
    return this.examine(request, credentials);
  }

  private isKnownLive({ text }: Credential): boolean {
    const tokens = this.tokens.presentedIn(text);
    return tokens?.every((token) => this.tokens.isKnownLive(token)) === true;
  }

  private async examine(
    request: IncomingRequest,
    credentials: readonly Credential[],
  ): Promise<EnforcementOutcome> {
    const lookUps = this.authenticator.lookUpsOf(request);
    const opened = this.open();
    const verdicts = await Promise.allSettled(
      credentials.map(async (credential) => {
        await opened;
        return this.isRevoked(credential, request, lookUps);
      }),
    );
    const refused = credentials.filter((_, at) => {
      const verdict = verdicts[at];
      return verdict?.status !== 'fulfilled' || verdict.value;
    });
    const areRemoved = refused.length === 0 || takeAway(request, refused);
    const failure = verdicts.find((verdict) => verdict.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    if (!areRemoved) return 'refuse';
    if (refused.length > 0) this.removals.add();
    return 'pass';
  }

  private async isRevoked(
    { text }: Credential,
    request: IncomingRequest,
    lookUps: LookUpsOfRequest,
  ): Promise<boolean> {
    const tokens = this.tokens.presentedIn(text);
    // More than any client of ours sends: nothing in it can be relied on.
    if (tokens === undefined) return true;
    const verdicts = await Promise.all(
      tokens.map(async (token) => {
        const verdict = this.tokens.checkUnverified(token, () => sourceOf(request));
        // Only an answer of the store's is shared: of a forged token it was not asked. Not that of
        // an upgrade, whose request stays that of the socket for as long as it is open.
        if (typeof verdict !== 'boolean' && request.headers.upgrade === undefined)
          lookUps.set(token.signingInput, verdict);
        return verdict;
      }),
    );
    return verdicts.includes(true);
  }
}

/**
 * By the path as it was sent, so that no other spelling is excepted with it. A pattern that ends in
 * `/*` excepts what stands below, in plain segments.
 */
function isExcepted(url: string, patterns: readonly string[]): boolean {
  if (patterns.length === 0) return false;
  const [path = ''] = url.split('?', 1);
  return patterns.some((pattern) =>
    pattern.endsWith('/*')
      ? path.startsWith(pattern.slice(0, -1)) && !/\/\.{0,2}(?:\/|$)|[%\\;]/.test(path)
      : path === pattern,
  );
}

/** What the boot says of it: one line. */
export function describeEnforcement(
  enforce: 'everywhere' | 'guarded',
  { tokenSources, enforceExcept }: EnforcementRules,
): string {
  if (enforce === 'guarded')
    return (
      'Revoked tokens are refused by JwtAuthGuard and the strategy logout-jwt alone (enforce: ' +
      '"guarded"): a guard of your own goes on accepting them.'
    );
  const others = tokenSources.filter((source) => !('cookie' in source)).length;
  const places =
    others === 0
      ? 'the Authorization header and the cookies'
      : `the Authorization header, the cookies and ${others} of tokenSources`;
  const except = enforceExcept.length === 0 ? '' : `, except ${enforceExcept.join(', ')}`;
  return (
    `Revoked tokens are removed from ${places} of every HTTP request${except}, before your guards ` +
    'see them. Not covered: what stands on the HTTP adapter before NestFactory.create, WebSocket ' +
    'upgrades, microservices, encrypted cookies, tokens that are cut over several cookies, and ' +
    'tokens that a session keeps on the server.'
  );
}
