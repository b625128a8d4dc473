import type { Algorithm } from '../keys/algorithms';
import type { TokenIdentity } from '../identity';
import type { KeyInput } from '../keys/keys';
import { custom, flag, oneOf, optional, whole, type Table } from '../../options/option';
import { jsonList } from '../../options/variables';
import { backchannel, type BackchannelRules } from '../logout-token/backchannel-rules';
import { refreshTokens, type RefreshTokenRules } from './refresh-token-rules';
import { accepted, algorithmList, jwksUri, keyList, typeList } from './rule-options';
import { sessionClaim } from './session-claim';
import { subjectClaim, type SubjectClaim } from './subject';

/** What the tokens of one issuer must be. What is not optional is a decision only you can make. */
export interface IssuerRules {
  /**
   * The only `alg` values accepted (RFC 8725 §3.1). Where HS* and public-key algorithms stand side
   * by side, each key names its own. No default with `keys`: guessing is how `none` and a public key
   * used as a secret get in. With `jwksUri` and `discovery` by default RS256, ES256, ES384, ES512 and
   * EdDSA, of which each public key fits one; never HS*.
   */
  readonly algorithms?: readonly Algorithm[];
  /**
   * What verifies: one key or a list, at least one for each algorithm, and at most four of each
   * without a `kid`. Where an algorithm has more than four, a token without `kid` is tried with the
   * keys that have none. With HS* a string is the secret itself (its UTF-8 bytes without a last line
   * break: at least 32, 48 or 64 for HS256, HS384 or HS512), otherwise PEM text, in which several
   * public keys may follow each other. A Buffer holds the same in bytes. A key that fits several of
   * the algorithms must name its one. One of `keys`, `jwksUri` and `discovery` is set.
   */
  readonly keys?: KeyInput | readonly KeyInput[];
  /**
   * Where the issuer publishes its keys as a JWK Set (RFC 7517 §5): an https URL, or http on this
   * machine. They are fetched in the background and kept for as long as the issuer says, 5 minutes to
   * 24 hours. A token with an unknown `kid` waits for one fetch, 1 s at most. A key that is not
   * published any more is refused from then on.
   */
  readonly jwksUri?: string | undefined;
  /**
   * Whether `jwksUri` is found in the issuer's metadata, at `<issuer>/.well-known/openid-configuration`.
   * @defaultValue false
   */
  readonly discovery?: boolean;
  /**
   * With `jwksUri` or `discovery`: how long the last keys hold after the issuer last answered, in
   * whole seconds, 600–604 800 (7 days). Then its tokens, and no others, get 500.
   * @defaultValue 86 400 (a day)
   */
  readonly jwksStaleSeconds?: number;
  /** The accepted `iss`: the name of one issuer, or its names; `null`: deliberately unchecked. */
  readonly issuer: string | readonly string[] | null;
  /** Who we are: `aud` must name one of these; `null`: deliberately unchecked. */
  readonly audience: string | readonly string[] | null;
  /**
   * The clients whose tokens are accepted, access and refresh tokens alike: `client_id`, or where it
   * is absent `azp`, or else `cid` (Okta), or else `appid` (Entra v1), must be one of these. For
   * issuers whose access tokens name no audience, such as Amazon Cognito. `null`: unchecked.
   * @defaultValue null
   */
  readonly clientIds?: string | readonly string[] | null;
  /**
   * The accepted header `typ` (RFC 8725 §3.11), without regard to case and to `application/`;
   * when set, a token without `typ` is refused.
   * @defaultValue no `typ`, `JWT` or `at+jwt`
   */
  readonly types?: readonly string[];
  /**
   * The longest `exp − iat`, in whole seconds, 1–34 560 000 (400 days); without `iat` the longest
   * `exp − now`. Longer-lived tokens are refused.
   * @defaultValue 2 678 400 (31 days)
   */
  readonly maxLifetimeSeconds?: number;
  /**
   * What a revocation of one token goes by. `signed-part` is for issuers that give several tokens
   * one `jti`, against RFC 7519 §4.1.7. It may be changed: what was revoked stays revoked.
   * @defaultValue 'jti'
   */
  readonly tokenIdentity?: TokenIdentity;
  /**
   * Where the subject stands: in the claim of this name; in the first of several that is there; or
   * what a function of the claims returns, a text of 1–255 characters, a safe integer, or
   * `undefined` for a token without a subject. The function is called for unverified tokens too,
   * and should do nothing else. What it throws, and whatever else it returns, refuses the token.
   * `null`: in `sub`, and a token without it is accepted. A token without a subject can be logged
   * out by itself alone, no revocation of a subject covers it, and the audit names no subject.
   * @defaultValue 'sub'
   */
  readonly subjectClaim?: SubjectClaim;
  /**
   * The claim that names the session of a token: text of 1–128 characters, or a safe integer. A
   * token without it names no session; one that has it in another form is refused. Logouts of
   * sessions, here and at the issuer, go by it, and so do the audit and introspection. Only the
   * issuer may choose its value: a logout of the session ends every token with that value. A session
   * that was revoked by one claim is not known by another.
   * @defaultValue 'sid'
   */
  readonly sessionClaim?: string;
  /**
   * Whether tokens with `nonce`, `at_hash`, `c_hash`, `token_use: id` or the claim `typ: ID` are
   * bearers, without the header `typ: at+jwt`. They are ID tokens (OpenID Connect Core §2), which are
   * for the client; but some issuers, such as Google, have their users send them to APIs.
   * @defaultValue 'refuse'
   */
  readonly idTokens?: 'refuse' | 'accept';
  /**
   * What a logout ends: the token alone; or, where it names a session (`sessionClaim`), every token
   * of that, such as the refresh token of the same login. Some issuers write one session to the
   * tokens of several applications: with `session` a logout here ends those, too.
   * @defaultValue 'token'
   */
  readonly logoutCovers?: 'token' | 'session';
  /**
   * With `logoutCovers: 'session'` or `cutoffClaim: 'auth_time'`: how long after the `exp` of a token
   * its session may still have others, in whole seconds, 60–34 560 000 (400 days). Revocations that
   * cover those are kept until then. With the longest token it makes 400 days at most.
   * @defaultValue 2 592 000 (30 days)
   */
  readonly sessionSeconds?: number;
  /**
   * Which claim says when the session of a token began. A revocation of a subject, a client or this
   * issuer refuses a token whose session began at its instant or before. With `iat` each token
   * counts by itself: one that was refreshed since is accepted. With `auth_time` (OpenID Connect
   * Core §2), which refreshed tokens keep, it takes a new login. Where it is absent or no number, every
   * revocation covers the token; where it is later than `iat`, that counts.
   * @defaultValue 'iat'
   */
  readonly cutoffClaim?: 'iat' | 'auth_time';
  /**
   * What the refresh tokens of this issuer are, where they are JWTs. They are no bearers then; only
   * `authenticate(text, { use: 'refresh' })` accepts them, and a logout may name one.
   */
  readonly refreshTokens?: RefreshTokenRules;
  /**
   * Where this issuer tells us of its logouts, by logout tokens (OpenID Connect Back-Channel Logout
   * 1.0). The issuer must have a name.
   * @defaultValue none are taken
   */
  readonly backchannel?: BackchannelRules;
}

/** One of several issuers. By its name, or names, a token finds the rules that it must keep. */
export interface NamedIssuer extends IssuerRules {
  readonly issuer: string | readonly string[];
}

/** What holds for the tokens of all issuers. */
export interface CommonRules {
  /**
   * How much clocks may differ, in whole seconds, 0–60 (RFC 7519 §4.1.4).
   * @defaultValue 0
   */
  readonly clockToleranceSeconds?: number;
  /**
   * The longest token, in bytes, 1024–16 384. Node takes 16 KiB of headers, unless it is started
   * with another `--max-http-header-size`.
   * @defaultValue 8192
   */
  readonly maxTokenBytes?: number;
}

/** What a token must be to be accepted, where there is one issuer. */
export interface TokenRules extends IssuerRules, CommonRules {
  readonly issuers?: undefined;
}

/**
 * What a token must be to be accepted, where there are several issuers, each with its own keys. A
 * token is accepted when a key of the issuer that it names has signed it (RFC 8725 §3.8).
 */
export interface MultiIssuerRules
  extends CommonRules, Readonly<Partial<Record<keyof IssuerRules, undefined>>> {
  /** Empty beside `sessions`: then the tokens of our own sessions are the only ones. */
  readonly issuers: readonly NamedIssuer[];
}

const DAY_SECONDS = 86_400;

/** Every rule of an issuer, in the order in which they are checked. */
export const ISSUER_RULES = {
  algorithms: optional(
    algorithmList({
      env: 'JWT_ALGORITHMS',
      defaultSays: 'none with `keys`; else RS256, ES256, ES384, ES512 and EdDSA',
      says: 'The only `alg` values accepted. With HS* beside others, each key names its own.',
    }),
  ),
  keys: optional(
    keyList({
      defaultSays: 'none: one of `keys`, `jwksUri` and `discovery` must be set',
      says: 'The keys that verify: a secret of 32 bytes or more, or public keys in PEM.',
    }),
  ),
  jwksUri: optional(
    jwksUri({
      env: 'JWT_JWKS_URI',
      says: 'Where the issuer publishes its keys: the address of a JWK Set.',
    }),
  ),
  discovery: flag({
    default: false,
    env: 'JWT_DISCOVERY',
    says: 'Whether `jwksUri` is found in the metadata of the issuer.',
  }),
  jwksStaleSeconds: whole(600, 7 * DAY_SECONDS, {
    unit: 'seconds',
    default: DAY_SECONDS,
    env: 'JWKS_STALE_SECONDS',
    says: 'How long fetched keys hold after the issuer last answered; then its tokens get 500.',
  }),
  issuer: accepted({
    env: 'JWT_ISSUER',
    says: 'The accepted `iss`: one issuer, by its name or names.',
  }),
  audience: accepted({
    env: 'JWT_AUDIENCE',
    says: 'The accepted audiences: `aud` must name one of these.',
  }),
  clientIds: {
    ...accepted({
      default: null,
      defaultSays: 'unchecked',
      env: 'JWT_CLIENT_IDS',
      says:
        'The clients whose tokens are accepted: `client_id`, or else `azp`, `cid` or `appid`, must ' +
        'be one of these.',
    }),
    fromText: membersOf,
    textMustBe: 'the names of clients, by commas',
  },
  types: optional(
    typeList({
      defaultSays: 'no `typ`, `JWT` or `at+jwt`',
      says: 'The accepted header `typ`; when set, a token without one is refused.',
    }),
  ),
  maxLifetimeSeconds: whole(1, 400 * DAY_SECONDS, {
    unit: 'seconds',
    default: 31 * DAY_SECONDS,
    env: 'MAX_LIFETIME_SECONDS',
    says: 'The longest `exp − iat`, or `exp − now` without `iat`; longer ones are refused.',
  }),
  tokenIdentity: oneOf(['jti', 'signed-part'], {
    default: 'jti',
    says: 'What identifies a token; `signed-part` where an issuer repeats a `jti`.',
  }),
  subjectClaim,
  sessionClaim,
  idTokens: oneOf(['refuse', 'accept'], {
    default: 'refuse',
    says:
      'Whether ID tokens are bearers: those with `nonce`, `at_hash` or `c_hash`, or marked by ' +
      '`token_use` (Cognito) or the claim `typ` (Keycloak), without the header `typ: at+jwt`.',
  }),
  logoutCovers: oneOf(['token', 'session'], {
    default: 'token',
    says: 'What a logout ends: its token, or every token of its session (`sessionClaim`).',
  }),
  sessionSeconds: whole(60, 400 * DAY_SECONDS, {
    unit: 'seconds',
    default: 30 * DAY_SECONDS,
    says:
      'With `logoutCovers: "session"` or `cutoffClaim: "auth_time"`: how long after the `exp` of ' +
      'its token a session may have others.',
  }),
  cutoffClaim: oneOf(['iat', 'auth_time'], {
    default: 'iat',
    says:
      'What revocations of a subject, a client or the issuer compare with. `auth_time`: refreshed ' +
      'tokens are refused until a new login, and so are tokens without it.',
  }),
  refreshTokens: optional(refreshTokens),
  backchannel: optional(backchannel),
} satisfies Table<IssuerRules>;

export const COMMON_RULES = {
  clockToleranceSeconds: whole(0, 60, {
    unit: 'seconds',
    default: 0,
    env: 'CLOCK_TOLERANCE_SECONDS',
    says: 'How much the clocks of issuer and verifier may differ.',
  }),
  maxTokenBytes: whole(1024, 16 * 1024, {
    unit: 'bytes',
    default: 8192,
    env: 'MAX_TOKEN_BYTES',
    says: 'The longest token. Node itself takes 16 KiB of headers in all.',
  }),
} satisfies Table<CommonRules>;

function membersOf(text: string): readonly string[] {
  return text.split(',').flatMap((member) => member.trim() || []);
}

/** Every rule there is. */
export const TOKEN_RULES = {
  ...ISSUER_RULES,
  issuers: optional(
    custom<unknown, readonly NamedIssuer[]>(
      {
        mustBe: 'a list of 1 to 100 issuers, each an object with the rules above',
        read: (value) => value, // see `resolveTokenRules`
        fromText: jsonList,
        textMustBe:
          'a JSON list of issuers, each an object with the rules of docs/options.md, none of them twice',
      },
      {
        env: 'JWT_ISSUERS',
        says: 'Several issuers, each with its own keys; in place of the rules above.',
      },
    ),
  ),
  ...COMMON_RULES,
} satisfies Table<Omit<TokenRules, 'issuers'> & Pick<MultiIssuerRules, 'issuers'>>;
