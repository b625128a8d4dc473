import { mayHoldToken } from '../tokens/verification/presented-tokens';
import { isRepeated } from './bearer';
import { rawRequest, type IncomingRequest, type RawRequest } from './request';

/**
 * Where hosts read tokens beside `Authorization`: a cookie, in which our guard, strategy and routes
 * then look for the bearer, too; or where only enforcement looks: a header or a parameter of the
 * query by its name, or a function that finds the token in the platform's request.
 */
export type TokenSource =
  | { readonly cookie: string }
  | { readonly header: string }
  | { readonly query: string }
  | ((request: object) => string | undefined);

/** A part of a request in which a token may stand. */
export interface Credential {
  readonly text: string;
  readonly place: Place;
}

type Place =
  | { readonly kind: 'header'; readonly name: string }
  /** One `name=value` of the Cookie header, as it was sent. */
  | { readonly kind: 'cookie'; readonly pair: string }
  | { readonly kind: 'query'; readonly name: string }
  /** Found by a function of the host's: it cannot be taken away. */
  | { readonly kind: 'function' };

type Headers = Pick<RawRequest, 'headers' | 'rawHeaders'>;

const AUTHORIZATION = { kind: 'header', name: 'authorization' } as const;

/** What requests had sent before something was taken away. */
const sent = new WeakMap<object, Headers>();

/** The headers as the client sent them, whatever `takeAway` has removed since. */
export function sentHeaders(request: IncomingRequest): Headers {
  const raw = rawRequest(request);
  // A token that a host's middleware has put there since is one that was let through.
  return raw.headers.authorization === undefined ? (sent.get(raw) ?? raw) : raw;
}

/** Every part of the request in which hosts look for tokens. */
export function credentialsOf(
  request: IncomingRequest,
  sources: readonly TokenSource[],
): readonly Credential[] {
  const { headers, rawHeaders } = rawRequest(request);
  const found: Credential[] = [];
  if (headers.authorization !== undefined)
    found.push({ text: valueOf(headers.authorization, rawHeaders), place: AUTHORIZATION });
  if (headers.cookie !== undefined) pushCookies(found, headers.cookie);
  for (const source of sources) pushFrom(found, source, request);
  return found;
}

/** Node keeps the first of several Authorization headers; hosts can find the others. */
function valueOf(first: string, rawHeaders: readonly string[] = []): string {
  if (!isRepeated(rawHeaders)) return first;
  const isAuthorization = (name = ''): boolean => name.toLowerCase() === AUTHORIZATION.name;
  return rawHeaders
    .filter((_, at) => at % 2 === 1 && isAuthorization(rawHeaders[at - 1]))
    .join(' ');
}

function pushCookies(found: Credential[], header: string): void {
  // Not split: that costs more than all else here, and every request comes through.
  for (let start = 0; start < header.length;) {
    const semicolon = header.indexOf(';', start);
    const end = semicolon === -1 ? header.length : semicolon;
    const pair = header.slice(start, end);
    if (mayHoldToken(pair)) found.push({ text: pair, place: cookie(pair) });
    start = end + 1;
  }
}

const cookie = (pair: string): Place => ({ kind: 'cookie', pair });

function pushFrom(found: Credential[], source: TokenSource, request: IncomingRequest): void {
  // Every cookie was looked at.
  if ('cookie' in source) return;
  if (typeof source === 'function') {
    const text: unknown = source(request);
    if (typeof text === 'string') found.push({ text, place: { kind: 'function' } });
    else if (text !== undefined && text !== null) throw notText(text);
  } else if ('header' in source) {
    const name = source.header.toLowerCase();
    const value = rawRequest(request).headers[name];
    if (value !== undefined)
      found.push({ text: [value].flat().join(' '), place: { kind: 'header', name } });
  } else {
    const { query: name } = source;
    for (const text of parametersOf(request.url).getAll(name))
      found.push({ text, place: { kind: 'query', name } });
  }
}

function notText(found: unknown): TypeError {
  // Nothing waits for a promise here: its rejection would end the process.
  if (found instanceof Promise) found.catch(() => undefined);
  return new TypeError(
    'nestjs-logout: a function in tokenSources must return the token as a string, or undefined, ' +
      `not ${found instanceof Promise ? 'a promise' : typeof found}.`,
  );
}

function parametersOf(url = ''): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start === -1 ? '' : url.slice(start + 1));
}

/**
 * Removes the credentials from the request, so that later handlers do not see them. `sentHeaders`
 * still knows what was sent.
 * @returns whether all of them could be removed.
 */
export function takeAway(request: IncomingRequest, credentials: readonly Credential[]): boolean {
  const raw = rawRequest(request);
  if (!sent.has(raw)) sent.set(raw, copyOf(raw));
  const pairs = new Set<string>();
  for (const { place } of credentials) {
    if (place.kind === 'header') setHeader(raw, place.name, undefined);
    else if (place.kind === 'cookie') pairs.add(place.pair);
    else if (place.kind === 'query') removeParameter(request, place.name);
  }
  if (pairs.size > 0) removeCookies(request, pairs);
  return credentials.every(({ place }) => place.kind !== 'function');
}

function copyOf({ headers, rawHeaders = [] }: WritableHeaders): Headers {
  return { headers: { ...headers }, rawHeaders: [...rawHeaders] };
}

/** Node builds `headers` and `headersDistinct` from `rawHeaders` when they are first read. */
interface WritableHeaders {
  headers: NodeJS.Dict<string | string[]>;
  headersDistinct?: NodeJS.Dict<string[]>;
  rawHeaders?: string[];
}

function setHeader(raw: WritableHeaders, name: string, value: string | undefined): void {
  // Both first: built from headers that were cut, `headersDistinct` throws.
  const { headers, headersDistinct, rawHeaders = [] } = raw;
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2)
    if (rawHeaders[at]?.toLowerCase() === name) rawHeaders.splice(at, 2);
  if (value === undefined) {
    Reflect.deleteProperty(headers, name);
    if (headersDistinct !== undefined) Reflect.deleteProperty(headersDistinct, name);
  } else {
    headers[name] = value;
    if (headersDistinct !== undefined) headersDistinct[name] = [value];
    rawHeaders.push(name, value);
  }
}

function removeCookies(request: IncomingRequest, pairs: ReadonlySet<string>): void {
  const raw = rawRequest(request);
  const left = (raw.headers.cookie ?? '').split(';').filter((pair) => !pairs.has(pair));
  setHeader(raw, 'cookie', left.length === 0 ? undefined : left.join(';').trimStart());
  const names = new Set([...pairs].map((pair) => pair.split('=', 1)[0]?.trim()));
  // A parser of the host's may have been here before.
  for (const jar of [request.cookies, request.signedCookies])
    for (const name of Object.keys(jar ?? {}))
      if (jar !== undefined && names.has(name)) Reflect.deleteProperty(jar, name);
}

function removeParameter(request: IncomingRequest, name: string): void {
  const raw = rawRequest(request);
  // Express keeps the URL as it was sent; Fastify takes it from Node's request.
  for (const member of ['url', 'originalUrl'] as const) {
    const url = raw[member];
    if (url !== undefined) raw[member] = withoutParameter(url, name);
  }
  if (typeof request.query === 'object' && request.query !== null)
    Reflect.deleteProperty(request.query, name);
}

function withoutParameter(url: string, name: string): string {
  const parameters = parametersOf(url);
  parameters.delete(name);
  const [path = ''] = url.split('?', 1);
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
}
