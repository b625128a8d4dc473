import type { KeyObject } from 'node:crypto';
import { kindOf, misconfigured } from '../options/misconfiguration';
import {
  custom,
  flag,
  func,
  optional,
  resolve,
  whole,
  type Resolved,
  type Table,
} from '../options/option';
import { readSecret } from '../tokens/keys/key-material';
import type { DescribedKey } from '../tokens/keys/keys';
import type { KeyMaterial } from '../tokens/keys/key-material';
import { readSigningKeys, type SigningKeys } from '../tokens/keys/signing-keys';
import type { Session } from '../revocation/session-store';

/**
 * More claims for the access tokens of a session: at most 2 KB of JSON, and no registered name.
 * Called at login and at every refresh. `null` ends the session: the user may not log in any more.
 */
export type ClaimsHook = (
  subject: string,
  session: Session,
) => SessionClaims | null | Promise<SessionClaims | null>;

export type SessionClaims = Readonly<Record<string, unknown>>;

/** Logins of yours that we keep: what the option `sessions` takes. */
export interface SessionOptions {
  /**
   * The first signs access tokens; all of them verify, and the public ones are published. Secrets,
   * private keys in PEM, or `{ key, kid, algorithm }`; the `kid` of a key pair is by default its
   * thumbprint (RFC 7638). To change the key, add the new one last, deploy, and move it first five
   * minutes later.
   */
  readonly signingKeys: SigningKeyInput | readonly SigningKeyInput[];
  /**
   * 1–4 secrets of 32 bytes or more, of refresh tokens alone. The first mints. To change it, add the
   * new one last, deploy, move it first, and deploy again.
   */
  readonly refreshKeys: RefreshKeyInput | readonly RefreshKeyInput[];
  /** The `iss` of access tokens: 1–255 characters. */
  readonly issuer: string;
  /** The `aud` of access tokens: one name or several, each of 1–255 characters. */
  readonly audience: string | readonly string[];
  /** The `client_id` of access tokens (RFC 9068 §2.2). @defaultValue the first audience */
  readonly clientId?: string;
  /** How long an access token lives, in whole seconds, 60–3600. @defaultValue 900 */
  readonly accessSeconds?: number;
  /**
   * How long a session lives without a refresh, in whole seconds: twice `accessSeconds` to a year.
   * @defaultValue 604 800 (7 days)
   */
  readonly idleSeconds?: number;
  /**
   * How long a session lives at most, in whole seconds: `idleSeconds` to 400 days.
   * @defaultValue 2 592 000 (30 days)
   */
  readonly absoluteSeconds?: number;
  /**
   * For how long after a rotation the refresh token before it gets the same successor, as two tabs
   * and a lost answer need it; in whole seconds, 0–60. @defaultValue 10
   */
  readonly graceSeconds?: number;
  /**
   * Sessions of one user, 1–1000. A login beyond ends the one that was not refreshed for the longest
   * time. @defaultValue 100
   */
  readonly maxPerSubject?: number;
  /** Whether refreshes leave rows in the audit; reuse of an old token always does. @defaultValue true */
  readonly auditRefreshes?: boolean;
  /** More claims for access tokens; `null` refuses the user. @defaultValue none */
  readonly claims?: ClaimsHook;
  /**
   * Whether browsers keep the refresh token in the cookie `__Host-refresh`: `/refresh` reads and sets
   * it, logouts expire it, and a login sets the first with `SessionsService.refreshCookie`.
   * @defaultValue false
   */
  readonly cookie?: boolean;
}

/** A key that signs: a secret of HS*, or a private key in PEM or as a KeyObject. */
export type SigningKeyInput = KeyMaterial | DescribedKey;
/** Text or bytes. */
export type RefreshKeyInput = string | Buffer;

const DAY_SECONDS = 86_400;
const MAX_REFRESH_KEYS = 4;
const MIN_SECRET_BYTES = 32;
const NAME = 'a string of 1–255 characters';
const MADE_BY = 'Make one with `openssl rand -hex 64`.';

/** Of each access token, whatever `accessSeconds` is: another instance may have another value. */
export const MAX_ACCESS_SECONDS = 3600;

/** The members of `sessions`. */
export const SESSION_OPTIONS = {
  signingKeys: custom<SigningKeys, SessionOptions['signingKeys']>(
    {
      mustBe: 'a key that signs, or a list of keys of which the first signs',
      read: (value, option) => readSigningKeys(option, value),
    },
    { says: 'What signs access tokens: the first. All verify, and public keys are published.' },
  ),
  refreshKeys: custom<readonly [KeyObject, ...KeyObject[]], SessionOptions['refreshKeys']>(
    { mustBe: '1 to 4 secrets of 32 bytes or more', read: readRefreshKeys },
    { says: 'Secrets by which refresh tokens are known again: the first mints. For nothing else.' },
  ),
  issuer: custom<string>({ mustBe: NAME, read: readName }, { says: 'The `iss` of access tokens.' }),
  audience: custom<readonly [string, ...string[]], SessionOptions['audience']>(
    { mustBe: `${NAME}, or a non-empty list of them`, read: readNames },
    { says: 'The `aud` of access tokens.' },
  ),
  clientId: optional(
    custom<string>(
      { mustBe: NAME, read: readName },
      { says: 'The `client_id` of access tokens.', defaultSays: 'the first audience' },
    ),
  ),
  accessSeconds: whole(60, MAX_ACCESS_SECONDS, {
    unit: 'seconds',
    default: 900,
    says: 'How long an access token lives.',
  }),
  idleSeconds: whole(120, 366 * DAY_SECONDS, {
    unit: 'seconds',
    default: 7 * DAY_SECONDS,
    says: 'How long a session lives without a refresh; at least twice `accessSeconds`.',
  }),
  absoluteSeconds: whole(120, 400 * DAY_SECONDS, {
    unit: 'seconds',
    default: 30 * DAY_SECONDS,
    says: 'How long a session lives at most; at least `idleSeconds`.',
  }),
  graceSeconds: whole(0, 60, {
    unit: 'seconds',
    default: 10,
    says: 'How long the refresh token before the last gets the same successor.',
  }),
  maxPerSubject: whole(1, 1000, {
    default: 100,
    says: 'Sessions of one user; a login beyond ends the one that was not refreshed for longest.',
  }),
  auditRefreshes: flag({ default: true, says: 'Whether refreshes leave rows in the audit.' }),
  claims: optional(
    func<ClaimsHook>({ says: 'More claims for access tokens; `null` ends the session.' }),
  ),
  cookie: flag({
    default: false,
    says: 'Whether browsers keep the refresh token in the cookie `__Host-refresh`.',
  }),
} satisfies Table<SessionOptions>;

export type ResolvedSessionOptions = Resolved<typeof SESSION_OPTIONS>;

/** The option `sessions`; absent: there are none, and no routes of theirs. */
export const sessions = custom<ResolvedSessionOptions, SessionOptions>(
  { mustBe: 'an object with signingKeys, refreshKeys, issuer and audience', read: readSessions },
  { says: 'Logins whose sessions we keep, with refresh tokens; without it there are none.' },
);

function readSessions(value: unknown, option: string): ResolvedSessionOptions {
  const options = resolve(SESSION_OPTIONS, value, {}, `${option}.`);
  const { accessSeconds, idleSeconds, absoluteSeconds, signingKeys, refreshKeys } = options;
  if (idleSeconds < 2 * accessSeconds)
    throw misconfigured(
      `${option}.idleSeconds`,
      'at least twice accessSeconds',
      String(idleSeconds),
      'A session would be over before a client refreshes it.',
    );
  if (absoluteSeconds < idleSeconds)
    throw misconfigured(
      `${option}.absoluteSeconds`,
      'at least idleSeconds',
      String(absoluteSeconds),
    );
  refuseSharedSecret(`${option}.refreshKeys`, refreshKeys, signingKeys);
  return options;
}

function refuseSharedSecret(
  option: string,
  refreshKeys: readonly KeyObject[],
  { keys }: SigningKeys,
): void {
  const isShared = refreshKeys.some(
    (each, at) =>
      keys.some(({ key }) => key.equals(each)) ||
      refreshKeys.slice(0, at).some((earlier) => earlier.equals(each)),
  );
  if (isShared)
    throw misconfigured(
      option,
      'secrets of refresh tokens alone, each once',
      'one that is used already',
      MADE_BY,
    );
}

function readRefreshKeys(value: unknown, option: string): readonly [KeyObject, ...KeyObject[]] {
  const inputs: readonly unknown[] = Array.isArray(value) ? value : [value];
  const [first, ...others] = inputs.map((input, at) => readRefreshKey(`${option}[${at}]`, input));
  if (first === undefined || others.length >= MAX_REFRESH_KEYS)
    throw misconfigured(option, '1 to 4 secrets', String(inputs.length));
  return [first, ...others];
}

function readRefreshKey(option: string, input: unknown): KeyObject {
  const key = readSecret(option, input);
  const { type, symmetricKeySize: bytes = 0 } = key;
  if (type === 'secret' && bytes >= MIN_SECRET_BYTES) return key;
  const got = type === 'secret' ? `a secret of ${bytes} bytes` : `a ${type} key`;
  throw misconfigured(option, 'a secret of at least 32 bytes', got, MADE_BY);
}

function readNames(value: unknown, option: string): readonly [string, ...string[]] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const [first, ...others] = values.map((each) => readName(each, option));
  if (first === undefined) throw misconfigured(option, `${NAME}, or a list of them`, kindOf(value));
  return [first, ...others];
}

function readName(value: unknown, option: string): string {
  if (typeof value === 'string' && value.length >= 1 && value.length <= 255) return value;
  throw misconfigured(option, NAME, kindOf(value));
}
