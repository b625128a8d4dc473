import { isJsonObject } from '../verification/json-object';
import { fetchDocument, isFetchable, UnexpectedStatusError } from './https-document';

/**
 * Where the metadata of an issuer says that its keys are (OpenID Connect Discovery §4; where there is
 * none, RFC 8414 §3).
 * @param issuer as `isFetchable` says.
 * @throws {Error} the metadata cannot be had, is of another issuer, or names no address that keys may
 * be fetched from.
 */
export async function discoverJwksUri(issuer: string): Promise<string> {
  return jwksUriIn(parsed(await metadataOf(issuer)), issuer);
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
      'The metadata is of another issuer: its "issuer" must be what the option says, to the letter.',
    );
  const { jwks_uri: uri } = metadata;
  if (isFetchable(uri) && (isHttps(uri) || !isHttps(issuer))) return uri;
  throw new Error('The metadata names no jwks_uri that is an https URL.');
}

/** An issuer on https has its keys there, too. */
const isHttps = (url: string): boolean => new URL(url).protocol === 'https:';

async function metadataOf(issuer: string): Promise<string> {
  const [first, second] = metadataUrls(issuer);
  try {
    return await textAt(first);
  } catch (error) {
    if (error instanceof UnexpectedStatusError && error.status === 404) return textAt(second);
    throw error;
  }
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

async function textAt(url: string): Promise<string> {
  const { text } = await fetchDocument(url);
  if (text === undefined) throw new Error('The server says that what was never sent is unchanged.');
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
