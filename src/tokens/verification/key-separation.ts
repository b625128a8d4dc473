import { isSameKey } from '../keys/key-material';
import { misconfigured } from '../../options/misconfiguration';
import type { ConfiguredKey } from '../keys/keys';
import type { Issuer } from './issuers';

/** An issuer, with what its options say of its keys. */
export interface IssuerWithKeys {
  readonly issuer: Issuer;
  /** As they were configured; none where they are fetched. */
  readonly keys: readonly ConfiguredKey[];
  /** Where they are fetched, if the options say it. */
  readonly jwksUri?: string;
  /** The same for its refresh tokens. */
  readonly refresh?: IssuerWithKeys;
}

/** One of the issuers could sign for another (RFC 8725 §3.8). */
export function refuseUnboundKeys({ issuer: { names }, keys }: IssuerWithKeys): void {
  const [first, ...others] = keys;
  const isOneKey = first === undefined || others.every(({ key }) => isSameKey(key, first.key));
  if (names === null || names.size === 1 || isOneKey) return;
  const advice = 'Give each issuer its own keys: issuers: [{ issuer, keys, … }, …].';
  throw misconfigured('issuer', 'one name where there are several keys', 'several names', advice);
}

/** No key of the one may sign for the other (RFC 8725 §3.8). */
export function refuseShared(one: IssuerWithKeys, earlier: IssuerWithKeys, option: string): void {
  const name = [...(one.issuer.names ?? [])].find((each) => earlier.issuer.names?.has(each));
  if (name !== undefined)
    throw misconfigured(`${option}.issuer`, 'of this issuer alone', `${name} again`);
  const advice = 'With one key, each issuer could sign tokens of the other (RFC 8725 §3.8).';
  if (isSameAddress(one.jwksUri, earlier.jwksUri))
    throw misconfigured(`${option}.jwksUri`, 'of this issuer alone', 'that of another', advice);
  for (const each of [one, one.refresh])
    for (const other of [earlier, earlier.refresh])
      if (each !== undefined && other !== undefined)
        refuseSharedKeys(each, other, 'a key of this issuer alone', advice);
}

/** Whether both are fetched from one document, however its address is written. */
function isSameAddress(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && addressOf(one) === addressOf(other);
}

/**
 * The normal form of an address (RFC 3986 §6.2.2), without the dot that may end a host name.
 * @param url as `isFetchable` says.
 */
function addressOf(url: string): string {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const path = `${pathname}${search}`.replace(/%[0-9a-f]{2}/gi, unescaped);
  return `${protocol}//${hostname.replace(/\.$/, '')}:${port}${path}`;
}

/** The character, where it is unreserved (§2.3): then its escape says the same. */
function unescaped(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return /[\w.~-]/.test(character) ? character : escape.toUpperCase();
}

/** The two have no key in common. */
export function refuseSharedKeys(
  one: IssuerWithKeys,
  earlier: IssuerWithKeys,
  mustBe = 'a key of refresh tokens alone',
  advice = 'A refresh token would be accepted as an access token.',
): void {
  for (const { option, key } of one.keys) {
    const same = earlier.keys.find((each) => isSameKey(each.key, key));
    if (same !== undefined) throw misconfigured(option, mustBe, `that of ${same.option}`, advice);
  }
}
