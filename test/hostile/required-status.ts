import { LOGOUT } from '../support/app';
import { isSendableByClient, type WireRequest } from './wire';

const JSON_IN_UTF8 = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;
const MAX_BODY_BYTES = 16 * 1024;
/** What only the head or the form of a request earns, never a body that can be read. */
const FOR_UNREADABLE = [400, 405, 413, 415];

/**
 * The statuses that this request may be answered with: those that the case lists, or the one that
 * the contract names where it is stricter. 405 for the method, 415 for type, charset or encoding,
 * 413 over 16 KB, 400 for what is no JSON; a readable body with a bad token is a 401.
 */
export function acceptableStatuses(
  request: WireRequest,
  listed: readonly number[],
): readonly number[] {
  const isOurs = request.path.split('?')[0] === LOGOUT && request.method !== 'OPTIONS';
  if (!isOurs || listed.includes(0) || !isHttp(request)) return listed;
  if (request.method !== 'POST') return [405];
  // The throttle comes before the body.
  if (listed.includes(429)) return listed;
  const refusal = refusalOf(request);
  if (refusal !== undefined) return [refusal];
  const readable = listed.filter((status) => !FOR_UNREADABLE.includes(status));
  return readable.length > 0 ? readable : [401];
}

/** What HTTP's own parser refuses never comes as far as the contract. */
function isHttp(request: WireRequest): boolean {
  const names = request.headers.map(([name]) => name.toLowerCase());
  const isFramedTwice = names.includes('content-length') && names.includes('transfer-encoding');
  const declared = Number(headerOf(request, 'content-length') ?? request.body.length);
  return (
    !isFramedTwice && declared === request.body.length && isSendableByClient(unframed(request))
  );
}

/** Without what a client sets itself, and with each name once. */
function unframed(request: WireRequest): WireRequest {
  const own = /^(?:content-length|transfer-encoding|host|connection)$/i;
  const headers = request.headers.filter(([name]) => !own.test(name));
  return { ...request, headers: [...new Map(headers.map(([n, v]) => [n.toLowerCase(), v]))] };
}

function refusalOf(request: WireRequest): number | undefined {
  const { body } = request;
  const type = headerOf(request, 'content-type');
  if (type === undefined ? body.length > 0 : !JSON_IN_UTF8.test(type)) return 415;
  if ((headerOf(request, 'content-encoding') ?? 'identity') !== 'identity') return 415;
  if (body.length > MAX_BODY_BYTES) return 413;
  return isReadable(body) ? undefined : 400;
}

function isReadable(body: Buffer): boolean {
  if (body.length === 0) return true;
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
    return true;
  } catch {
    return false;
  }
}

export function headerOf({ headers }: WireRequest, wanted: string): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
}
