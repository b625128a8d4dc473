import { isIP, isIPv4 } from 'node:net';
import type { RequestSource } from './audit-event';

/** Where a request came from, or a function that reads it: most requests never need it. */
export type LazyRequestSource = RequestSource | (() => RequestSource);

const USER_AGENT_MAX_LENGTH = 512;
/** What a request id may be made of; anything else could forge a line or a label. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;
const THREE_PARTS = /(?<![\w-])[\w-]+\.[\w-]+\.[\w-]+/g;
/** What looks like a token, alone or glued to a prefix; `ey` is how base64url begins an object. */
const TOKEN = /^ey|e[yw3][\w-]*\.[\w-]{12}/;
/** Looked at for tokens: bounds what a long text costs, and leaves room for what is masked. */
const USER_AGENT_MAX_READ = 2048;
// Controls, marks that change the direction of text, and the two separators that end a line in
// JavaScript (CWE-117).
const CONTROL = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * The text with every control character written as `\uXXXX`: it stays one line anywhere, and reads
 * in the order in which it stands.
 */
export function escapeControls(text: string): string {
  return text.replace(
    CONTROL,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** As some gateways forward it: `203.0.113.7:4711`, `[2001:db8::1]:4711`. */
const WITH_PORT = /^(?:([\d.]+)|\[([^\]]*)\]):\d+$/;

/**
 * An address as the audit and the throttle write it: without a port, without a zone (`%eth0`), and
 * IPv4 where it came mapped into IPv6 (RFC 4291 §2.5.5.2). `undefined` for what is no address.
 */
export function plainAddress(address: string | undefined): string | undefined {
  if (address === undefined || isIPv4(address)) return address;
  const bare = WITH_PORT.exec(address)?.slice(1).find(Boolean) ?? address;
  const unzoned = bare.split('%', 1)[0] ?? '';
  const version = isIP(unzoned);
  if (version === 0) return undefined;
  return version === 6 ? (mappedIPv4(unzoned) ?? unzoned) : unzoned;
}

/** The IPv4 address that an IPv6 address stands for, however the two are written. */
function mappedIPv4(address: string): string | undefined {
  const all = groupsOf(address);
  if (all.slice(0, 6).join(':') !== '0:0:0:0:0:ffff') return undefined;
  const dotted = address.slice(address.lastIndexOf(':') + 1);
  if (isIPv4(dotted)) return dotted;
  const [high = 0, low = 0] = all.slice(6).map((group) => parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/**
 * The network one customer usually holds: the IPv4 address itself, the /64 of an IPv6 address
 * (RFC 6177). `undefined` for what is no address.
 */
export function networkOf(address: string | undefined): string | undefined {
  const plain = plainAddress(address);
  return plain === undefined || isIPv4(plain)
    ? plain
    : `${groupsOf(plain).slice(0, 4).join(':')}::/64`;
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const left = groups(head);
  const right = groups(tail ?? '');
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right];
}

function groups(part: string): string[] {
  if (part === '') return [];
  // A dotted IPv4 ending stands for the last two groups, which no /64 reaches.
  return part
    .split(':')
    .flatMap((group) => (group.includes('.') ? ['0', '0'] : [parseInt(group, 16).toString(16)]));
}

/**
 * What the audit keeps of where a request came from, made safe to store and to print. A token that
 * a client puts where none belongs is not kept either.
 */
export function requestSource(
  address: string | undefined,
  userAgent: string | undefined,
  requestId: string | undefined,
): RequestSource {
  return {
    ip: plainAddress(address),
    userAgent: userAgent === undefined ? undefined : safeText(userAgent),
    requestId: requestId !== undefined && isRequestId(requestId) ? requestId : undefined,
  };
}

const safeText = (text: string): string =>
  escapeControls(withoutTokens(text.slice(0, USER_AGENT_MAX_READ))).slice(0, USER_AGENT_MAX_LENGTH);

const isRequestId = (text: string): boolean =>
  REQUEST_ID.test(text) && withoutTokens(text) === text;

function withoutTokens(text: string): string {
  return text.replace(THREE_PARTS, (parts) => (TOKEN.test(parts) ? '[token]' : parts));
}
