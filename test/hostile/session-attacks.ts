import type { Route } from '../../src/web/route';
import { chunk, head, LAST_CHUNK } from '../support/wire';

/** A request as it goes over the wire. */
export interface Attack {
  readonly name: string;
  readonly bytes: readonly (string | Buffer)[];
}

/** What a good request to the route would have. */
export interface Good {
  readonly bearer: string;
  readonly refresh: string;
  readonly sid: string;
}

/** Stands in all that is sent, and in no answer. */
export const CANARY = 'canary4711';

export const MAX_BODY_BYTES = 16 * 1024;
const JSON_TYPE = 'application/json';
export const FORM_TYPE = 'application/x-www-form-urlencoded';
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PURGE', 'QUERY'];

/** Everything that is tried against one route; none of it ends a session or renews one. */
export function attacksOn(route: Route, good: Good): readonly Attack[] {
  const path = pathOf(route, good.sid);
  const bearer = `Authorization: Bearer ${good.bearer}`;
  const send = (name: string, lines: readonly string[], ...body: (string | Buffer)[]): Attack => ({
    name,
    bytes: [head(`${route.method} ${path}`, ...lines), ...body],
  });
  return [
    ...METHODS.filter((method) => method !== route.method).map((method) => ({
      name: method,
      bytes: [head(`${method} ${path}`, bearer)],
    })),
    { name: 'OPTIONS with a body', bytes: [head(`OPTIONS ${path}`, 'Content-Length: 2'), '{}'] },
    ...bearers(good).map(([name, ...lines]) => send(name, lines)),
    ...(route.body === 'none' ? [] : bodies(route, good).map((each) => send(...each))),
    ...(route.path.includes(':') ? ids(route, good) : []),
  ];
}

export function pathOf({ path }: Route, sid: string): string {
  return `/api/v1/auth/${path.replace(':sid', sid)}`;
}

/** Bearers that are none. */
function bearers({ bearer, refresh }: Good): readonly (readonly [string, ...string[]])[] {
  const [header = '', payload = '', signature = ''] = bearer.split('.');
  return [
    ['no bearer'],
    ['an empty one', 'Authorization: Bearer '],
    ['another scheme', `Authorization: Basic ${bearer}`],
    ['two', `Authorization: Bearer ${bearer}`, `Authorization: Bearer ${bearer}`],
    ['two in one', `Authorization: Bearer ${bearer}, Bearer ${bearer}`],
    ['a refresh token', `Authorization: Bearer ${refresh}`],
    ['one without a signature', `Authorization: Bearer ${header}.${payload}.`],
    ['one of four parts', `Authorization: Bearer ${bearer}.${CANARY}`],
    ['one with padding', `Authorization: Bearer ${bearer}=`],
    ['one whose signature is spoilt', `Authorization: Bearer ${header}.${payload}.A${signature}`],
    ['one of another header', `Authorization: Bearer ${encoded({ alg: 'none' })}.${payload}.`],
    ['8 KB of it', `Authorization: Bearer ${'A'.repeat(8000)}`],
    ['one in a cookie', `Cookie: access_token=${bearer}; session=${CANARY}`],
    ['a sid in the headers', `sid: ${CANARY}`, `X-Session-Id: ${CANARY}`],
  ];
}

type Sent = readonly [name: string, lines: readonly string[], ...body: (string | Buffer)[]];

/** Bodies that are none, each with a token that would be good in another. */
function bodies({ body }: Route, { refresh }: Good): readonly Sent[] {
  const type = body === 'form' ? FORM_TYPE : JSON_TYPE;
  const other = body === 'form' ? JSON_TYPE : FORM_TYPE;
  const readable = body === 'form' ? `token=${refresh}` : JSON.stringify({ refreshToken: refresh });
  const declared = (
    name: string,
    contentType: string,
    text: string | Buffer,
    more = 'X: y',
  ): Sent => {
    const length = `Content-Length: ${Buffer.byteLength(text)}`;
    return [name, [`Content-Type: ${contentType}`, length, more], text];
  };
  const chunked = ['Transfer-Encoding: chunked', `Content-Type: ${type}`];
  return [
    ...[
      other,
      'text/plain',
      'multipart/form-data; boundary=x',
      `${type}; charset=utf-16`,
      CANARY,
    ].map((each) => declared(`the type ${each}`, each, readable)),
    ...['gzip', 'br', 'deflate', CANARY].map((encoding) =>
      declared(`the encoding ${encoding}`, type, readable, `Content-Encoding: ${encoding}`),
    ),
    ['no type', [`Content-Length: ${readable.length}`], readable],
    ['too many bytes', [`Content-Type: ${type}`, `Content-Length: ${MAX_BODY_BYTES + 1}`]],
    ['a flood', chunked, ...Array.from({ length: 8 }, () => chunk('x'.repeat(65_536))), LAST_CHUNK],
    ['two lengths', [...chunked, 'Content-Length: 3'], 'abc'],
    ...unreadable(body).map(([name, text]) => declared(name, type, text)),
    ...spoilt(refresh).map(([name, token]) =>
      declared(
        name,
        type,
        body === 'form'
          ? `token=${encodeURIComponent(token)}`
          : JSON.stringify({ refreshToken: token }),
      ),
    ),
  ];
}

function unreadable(body: Route['body']): readonly (readonly [string, string | Buffer])[] {
  const both = [
    ['bytes that are no UTF-8', Buffer.from([0x74, 0xff, 0xfe])],
    ['a byte order mark', `\ufeff${CANARY}`],
    ['NUL', `\u0000${CANARY}`],
  ] as const;
  if (body === 'form')
    return [
      ...both,
      ['a parameter twice', `token=${CANARY}&token=${CANARY}`],
      ['a malformed escape', `token=%zz${CANARY}`],
      ['no name', `=${CANARY}`],
      ['brackets', `token[]=${CANARY}&token[a]=${CANARY}`],
      ['a thousand parameters', Array.from({ length: 1000 }, (_, i) => `p${i}=1`).join('&')],
      ['a polluting name', `__proto__=${CANARY}&constructor=${CANARY}`],
    ];
  return [
    ...both,
    ['a cut object', `{"refreshToken":"${CANARY}`],
    ['two objects', `{}{"a":"${CANARY}"}`],
    ['a list', `["${CANARY}"]`],
    ['a text', `"${CANARY}"`],
    ['null', 'null'],
    ['a deep list', `${'['.repeat(4000)}${']'.repeat(4000)}`],
    ['a polluting key', `{"__proto__":{"refreshToken":"${CANARY}"}}`],
    ...[5, true, null, [CANARY], { $ne: CANARY }].map(
      (value) =>
        [`a token that is ${typeof value}`, JSON.stringify({ refreshToken: value })] as const,
    ),
  ];
}

/** Texts that a careless reader would take for the refresh token. */
function spoilt(refresh: string): readonly (readonly [string, string])[] {
  const bytes = Buffer.from(refresh.slice(5), 'base64url');
  const flipped = (at: number): string => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
    return `nlr1_${copy.toString('base64url')}`;
  };
  return [
    ['another random half', flipped(0)],
    ['another generation', flipped(35)],
    ['another MAC', flipped(bytes.length - 1)],
    ['one in the other alphabet', `nlr1_${bytes.toString('base64')}`],
    ['one with padding', `${refresh}=`],
    ['one with a blank', ` ${refresh}`],
    ['one with a line feed', `${refresh}\n`],
    ['one with NUL', `${refresh}\u0000`],
    ['one in upper case', refresh.toUpperCase()],
    ['one that is cut', refresh.slice(0, -1)],
    ['one without its prefix', refresh.slice(5)],
    ['two', `${refresh}${refresh}`],
    ['SQL', `nlr1_'; DROP TABLE auth_sessions; -- ${CANARY}`],
    ['8 KB', CANARY.repeat(800)],
  ];
}

/** Ids that name nothing. */
function ids(route: Route, { bearer }: Good): readonly Attack[] {
  const texts = [
    CANARY,
    '%00',
    '..',
    '%2e%2e',
    `a%2F${CANARY}`,
    `${CANARY}?x=1`,
    `${CANARY};x`,
    '*',
    '$ne',
  ];
  return [...texts, "'OR'1'='1", '%F0%9F%98%80', '-1', 'undefined', CANARY.repeat(9)].map((id) => ({
    name: `the id ${id}`,
    bytes: [head(`${route.method} ${pathOf(route, id)}`, `Authorization: Bearer ${bearer}`)],
  }));
}

/** Other spellings of the path of a route; a lenient router may take them for it. */
export function respellingsOf(path: string): readonly string[] {
  const [, first = '', ...rest] = path.split('/').slice(3);
  const tail = [first, ...rest].join('/');
  return [
    path.toUpperCase(),
    `${path}/`,
    path.replace('/auth/', '/auth//'),
    path.replace(tail, `%${tail.charCodeAt(0).toString(16)}${tail.slice(1)}`),
    path.replace('/auth/', '/auth/./'),
    path.replace('/auth/', '/auth/x/../'),
    path.replace('/auth/', '/auth/%2e/'),
    path.replace('/auth/', '/auth%2F'),
    path.replace('/auth/', '/auth\\'),
    `${path}?x=${CANARY}`,
    `${path};x=${CANARY}`,
    `${path}%00`,
    `${path}%20`,
    `http://elsewhere.example${path}`,
  ];
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
