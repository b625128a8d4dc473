import { misconfigured } from '../../options/misconfiguration';
import { type Algorithm, isSymmetric } from '../keys/algorithms';
import { fixedKeys, type IssuerKeys } from '../keys/issuer-keys';
import { KeySet } from '../keys/key-set';
import { type ConfiguredKey, readKeys } from '../keys/keys';
import { discoverJwksUri } from '../jwks/discovery';
import { isFetchable } from '../jwks/https-document';
import type { PublishedKeys } from '../jwks/published-keys';
import type { RemoteKeysOptions } from '../jwks/remote-keys';

/** The options of an issuer that say where its keys are. */
export interface KeyOptions {
  readonly issuer: ReadonlySet<string> | null;
  readonly algorithms: readonly Algorithm[] | undefined;
  readonly keys: unknown;
  readonly jwksUri: string | undefined;
  readonly discovery: boolean;
  readonly jwksStaleSeconds: number;
}

/** Where the keys of an issuer are from. */
export interface KeySource {
  readonly keys: IssuerKeys;
  /** As they were configured; empty where they are fetched. */
  readonly configured: readonly ConfiguredKey[];
  /** The address of their JWK Set, where the options say it. */
  readonly jwksUri?: string;
}

/** Of these each public key fits one alone, so that keys need not name theirs. */
const USUAL_ALGORITHMS: readonly Algorithm[] = ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/**
 * @param prefix what messages put before the name of an option.
 * @throws {TypeError} not exactly one of `keys`, `jwksUri` and `discovery` is set; or what it needs is
 * not there.
 */
export function keySourceOf(
  options: KeyOptions,
  prefix: string,
  published: PublishedKeys,
): KeySource {
  const { keys, jwksUri, discovery, algorithms } = options;
  const given = [
    ...(keys === undefined ? [] : ['keys']),
    ...(jwksUri === undefined ? [] : ['jwksUri']),
    ...(discovery ? ['discovery'] : []),
  ];
  if (given.length !== 1)
    throw misconfigured(
      `${prefix}keys`,
      'set, or jwksUri, or discovery: true; one of the three',
      given.length === 0 ? 'undefined' : given.join(' and '),
    );
  if (keys === undefined) return fetchedSource(options, prefix, published);
  if (algorithms === undefined)
    throw misconfigured(`${prefix}algorithms`, 'a non-empty list', 'undefined');
  const configured = readKeys(`${prefix}keys`, keys, algorithms);
  return { keys: fixedKeys(new KeySet(configured)), configured };
}

function fetchedSource(options: KeyOptions, prefix: string, published: PublishedKeys): KeySource {
  const { issuer, jwksUri, jwksStaleSeconds, algorithms = USUAL_ALGORITHMS } = options;
  const option = jwksUri === undefined ? 'discovery' : 'jwksUri';
  if (issuer === null)
    throw misconfigured(`${prefix}issuer`, `its name or names with ${option}`, 'null');
  const secret = algorithms.find(isSymmetric);
  if (secret !== undefined)
    throw misconfigured(
      `${prefix}algorithms`,
      `without HS* where keys are fetched (${option})`,
      secret,
      'A secret cannot be published: give it as keys.',
    );
  const names = [...issuer];
  const locate =
    jwksUri === undefined
      ? discovering(names, prefix)
      : () => Promise.resolve({ url: jwksUri, isFromCache: false });
  const keys = published.of({ names, locate, algorithms, jwksStaleSeconds });
  return { keys, configured: [], ...(jwksUri !== undefined && { jwksUri }) };
}

function discovering(names: readonly string[], prefix: string): RemoteKeysOptions['locate'] {
  const [name = '', ...others] = names;
  if (others.length > 0)
    throw misconfigured(
      `${prefix}issuer`,
      'one name with discovery',
      'several',
      'Give each an entry of its own in issuers; or set jwksUri, where they share their keys.',
    );
  if (!isFetchable(name))
    throw misconfigured(
      `${prefix}issuer`,
      'an https URL with discovery',
      JSON.stringify(name),
      'Set jwksUri to the address of its keys, by https, instead.',
    );
  return (request) => discoverJwksUri(name, request);
}
