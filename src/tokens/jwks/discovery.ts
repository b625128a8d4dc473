import { isJsonObject } from '../verification/json-object';
import {
  type DocumentRequest,
  fetchDocument,
  isFetchable,
  UnexpectedStatusError,
} from './https-document';

/** Where the keys of an issuer are. */
export interface KeyAddress {
  readonly url: string;
  /** Whether a cache on the way said so: it may have been elsewhere for a while. */
  readonly isFromCache: boolean;
}

/**
 * Where the metadata of an issuer says that its keys are (OpenID Connect Discovery §4; where there is
 * none, RFC 8414 §3).
 * @param issuer as `isFetchable` says.
 * @throws {Error} the metadata cannot be had, is of another issuer, or names no address that keys may
 * be fetched from.
 */
export async function discoverJwksUri(
  issuer: string,
  request: DocumentRequest = {},
): Promise<KeyAddress> {
  const { text, isFromCache } = await metadataOf(issuer, request);
  return { url: jwksUriIn(parsed(text), issuer), isFromCache };
}

/**
 * What the metadata of an issuer says.
 * @throws {Error} as `discoverJwksUri`.
 */
export function jwksUriIn(metadata: unknown, issuer: string): string {
  if (!isJsonObject(metadata)) throw new Error('The metadata of the issuer is no JSON object.');
  // One server could send tokens of another issuer to keys of its own otherwise (§4.3).
  if (metadata.issuer !== issuer)
    throw new Error(
      `The metadata is of another issuer: its "issuer" is ${shown(metadata.issuer)}, and the option ` +
        `says ${shown(issuer)}. They must be the same, to the letter.`,
    );
  const { jwks_uri: uri } = metadata;
  if (isFetchable(uri) && (isHttps(uri) || !isHttps(issuer))) return uri;
  throw new Error('The metadata names no jwks_uri that is an https URL.');
}

/** An issuer on https has its keys there, too. */
const isHttps = (url: string): boolean => new URL(url).protocol === 'https:';

async function metadataOf(issuer: string, request: DocumentRequest) {
  const [first, second] = metadataUrls(issuer);
  const document = (await documentAt(first, request)) ?? (await documentAt(second, request));
  if (document !== undefined) return document;
  throw new Error(
    `The server answered 404 for ${first} and for ${second}: set jwksUri to the address of its ` +
      'keys instead of discovery.',
  );
}

/** Discovery appends its path to that of the issuer; RFC 8414 §3.1 puts it before that. */
function metadataUrls(issuer: string): readonly [string, string] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

/** @returns `undefined`: there is nothing. */
async function documentAt(url: string, request: DocumentRequest) {
  try {
    return await fetchDocument(url, undefined, request);
  } catch (error) {
    if (error instanceof UnexpectedStatusError && error.status === 404) return undefined;
    throw error;
  }
}

const MAX_SHOWN = 255;

/** In ASCII alone: others write it, and logs print it. Letters that look alike differ then, too. */
function shown(issuer: unknown): string {
  if (typeof issuer !== 'string') return 'no text';
  return JSON.stringify(issuer.slice(0, MAX_SHOWN)).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function parsed(text = ''): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
